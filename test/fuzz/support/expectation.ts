// What must happen to each datagram by the rules of wire.ts, and what has happened.
import type { MpChannel } from '../../../lib/index.js';
import { isUtf8 } from './decoding.js';
import type { Generated } from './generate.js';
import { flawOf, IGN, int32, nameBytes, REP, REQ, type Wire } from './wire.js';

/** Length of the receive buffer: the kernel marks a longer datagram as truncated. */
const BUFFER_LENGTH = 512;

/** Names of the actions of a fuzzed channel, which say what they do. */
export type Action = 'echo' | 'later' | 'silent' | 'take' | 'throw';
export const ACTIONS: readonly Action[] = ['echo', 'later', 'silent', 'take', 'throw'];

/** Everything that the channel, its handlers and this file count. */
export interface Tally {
  received: number;
  served: number;
  sent: number;
  errors: number;
  /** Descriptors that handlers took. */
  taken: number;
  closed: number;
  malformed: number;
  truncated: number;
  'unterminated-name': number;
  'no-action': number;
  'late-reply': number;
  'unsent-reply': number;
  untrusted: number;
  'wrong-name': number;
  'wrong-peer': number;
}

export function emptyTally(): Tally {
  return {
    received: 0,
    served: 0,
    sent: 0,
    errors: 0,
    taken: 0,
    closed: 0,
    malformed: 0,
    truncated: 0,
    'unterminated-name': 0,
    'no-action': 0,
    'late-reply': 0,
    'unsent-reply': 0,
    untrusted: 0,
    'wrong-name': 0,
    'wrong-peer': 0,
  };
}

/** Adds what one datagram must lead to. */
export function expectOf(
  tally: Tally,
  wire: Wire,
  { bytes, fdCount }: Generated,
  canBeAnswered: boolean,
): void {
  tally.closed += fdCount;
  if (bytes.length > BUFFER_LENGTH) {
    tally.truncated++;
    return;
  }
  const flaw = flawOf(wire, bytes, fdCount);
  if (flaw === 'name') tally['unterminated-name']++;
  else if (flaw !== undefined) tally.malformed++;
  else expectOfMessage(tally, wire, bytes, fdCount, canBeAnswered);
}

function expectOfMessage(
  tally: Tally,
  wire: Wire,
  bytes: Uint8Array,
  fdCount: number,
  canBeAnswered: boolean,
): void {
  tally.received++;
  const type = int32(bytes, 0);
  if (type === REP || type === IGN) {
    tally['late-reply']++;
    return;
  }
  const rawName = nameBytes(wire, bytes);
  const name = Buffer.from(rawName).toString('latin1');
  const action = ACTIONS.find((candidate) => candidate === name);
  let isAnswered = type === REQ;
  if (action === undefined) {
    tally['no-action']++;
    isAnswered &&= name !== '' && isUtf8(rawName); // with IGN, which needs a name that can be sent
  } else {
    tally.served++;
    if (action === 'throw') tally.errors++;
    if (action === 'take') {
      tally.taken += fdCount;
      tally.closed -= fdCount;
    }
    isAnswered &&= action === 'echo' || action === 'later';
  }
  if (isAnswered) tally[canBeAnswered ? 'sent' : 'unsent-reply']++;
}

/** The counts of the channel and of its handlers. */
export function tallyOf(channel: MpChannel, handlers: Pick<Tally, 'served' | 'errors' | 'taken'>): Tally {
  const { received, sent, dropped, fdsClosedUnclaimed } = channel.stats;
  return { received, sent, closed: fdsClosedUnclaimed, ...dropped, ...handlers };
}

/** The counters that differ, as `name actual/expected`; empty when none does. */
export function differences(actual: Tally, expected: Tally): string {
  const keys = Object.keys(expected) as (keyof Tally)[];
  return keys
    .filter((key) => actual[key] !== expected[key])
    .map((key) => `${key} ${actual[key]}/${expected[key]}`)
    .join(', ');
}

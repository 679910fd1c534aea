import { decodeMessage } from '../../protocol/codec.js';
import { DIALECTS } from '../../protocol/dialect.js';
import { MpType } from '../../protocol/message-type.js';

/** One datagram on its way through a `MemoryNetwork`. */
export interface Traffic {
  /** MSG, REQ, REP or IGN. */
  readonly type: keyof typeof MpType;
  /** Of the action. */
  readonly name: string;
  /** A copy. */
  readonly param: Uint8Array;
  /** How many descriptors travel along. */
  readonly fdCount: number;
  /** The sender's socket. A request comes from a private one of its own: it isn't the asker's `socketPath`. */
  readonly from: string;
  /** The receiver's socket. */
  readonly to: string;
}

/**
 * What becomes of a datagram: it arrives; it doesn't, though its sender thinks so; it arrives twice; it arrives a byte
 * short, as nothing does that follows the protocol.
 */
export type Fate = 'deliver' | 'lose' | 'repeat' | 'damage';

/**
 * Decides on each datagram; nothing returned delivers it. A promise keeps it under way until it is settled, while later
 * ones pass it.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: an interceptor without a return statement is of this type
export type Interceptor = (traffic: Traffic) => Fate | void | Promise<Fate | void>;

const TYPES = Object.fromEntries(Object.entries(MpType).map(([name, value]) => [value, name]));

/** What an interceptor gets to see of a datagram that a channel has sent. */
export function describeTraffic(bytes: Uint8Array, from: string, to: string): Traffic {
  const is340 = bytes.length === DIALECTS['340/253'].wireLength;
  const { type, name, param, numFds } = decodeMessage(is340 ? '340/253' : '332/253', bytes);
  return { type: TYPES[type] as Traffic['type'], name, param, fdCount: numFds, from, to };
}

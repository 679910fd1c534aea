// A requester whose primary sends random datagrams before the answer, which the requester must find.
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSecondary } from '../../../lib/index.js';
import { type DialectId, encodeMessage, MpType } from '../../../protocol/index.js';
import { DatagramSocket } from '../../../sys/datagram-socket.js';
import { pathAddress, RawSender } from '../../support/raw-sender.js';
import { type Generated, Generator } from './generate.js';
import { Random } from './random.js';
import { flawOf, IGN, int32, nameBytes, REP, WIRES, type Wire } from './wire.js';

const NAME = 'ask';
/** Fewer than the kernel queues at one socket. */
const MOST_BEFORE = 9;

/** Sends `count` requests; throws unless each gets its answer. Returns how many datagrams came. */
export async function fuzzAnswers(dialect: DialectId, count: number, seed: number): Promise<number> {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
  mkdirSync(`${runtimeDir}/fuzz`, { mode: 0o700 });
  const home = DatagramSocket.open('filesystem');
  if (typeof home === 'number' || home.bind(`${runtimeDir}/fuzz/mp_socket`) !== 0)
    throw new RangeError('home');
  const primary = new RawSender(home.fd);
  const files = Array.from({ length: 253 }, () => openSync('/dev/null', 'r'));
  const channel = await openSecondary({ runtimeDir, filePrefix: 'fuzz', visibility: 'private', dialect });
  const random = new Random(seed);
  const generator = new Generator(random, WIRES[dialect], [NAME, 'other']);
  let sent = 0;
  try {
    for (let i = 0; i < count; i++) {
      const asked = channel.request({ name: NAME, param: String(i) });
      const request = home.receive();
      if (typeof request !== 'object' || request.sender === undefined)
        throw new RangeError('no request came');
      primary.target = pathAddress(request.sender);
      const isIgnored = sendNoise();
      if (isIgnored === undefined) {
        sent++;
        primary.send(encodeMessage(dialect, MpType.REP, { name: NAME, param: String(i) }), []);
      }
      using reply = await asked;
      const [answer] = reply.msgs;
      const expected = isIgnored === undefined ? String(i) : undefined;
      const isRight = isIgnored === true ? answer === undefined : answer !== undefined;
      if (!isRight || (expected !== undefined && answer?.text() !== expected)) {
        throw new RangeError(`${dialect}, seed ${seed}, request ${i}: ${answer?.text()}`);
      }
    }
    return sent;
  } finally {
    await channel.close();
    home.close();
    for (const file of files) closeSync(file);
    rmSync(runtimeDir, { recursive: true });
  }

  /** Sends random datagrams, up to one that is an answer by chance; then returns whether that is an IGN. */
  function sendNoise(): boolean | undefined {
    for (let i = random.below(MOST_BEFORE); i > 0; i--) {
      const generated = generator.next();
      const result = primary.send(generated.bytes, files.slice(0, generated.fdCount), generated.parts);
      if (result !== 0) throw new RangeError(`sendmsg: ${result}`);
      sent++;
      const type = typeOfAnswer(WIRES[dialect], generated);
      if (type !== undefined) return type === IGN;
    }
    return undefined;
  }
}

/** The type of a datagram that is an answer to the request; undefined for others. */
function typeOfAnswer(wire: Wire, { bytes, fdCount }: Generated): number | undefined {
  if (flawOf(wire, bytes, fdCount) !== undefined) return undefined;
  if (Buffer.from(nameBytes(wire, bytes)).toString('latin1') !== NAME) return undefined;
  const type = int32(bytes, 0);
  return type === REP || type === IGN ? type : undefined;
}

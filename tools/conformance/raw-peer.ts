import { renameSync } from 'node:fs';
import { SocketEndpoint } from '../../lib/transport/socket-endpoint.js';
import { decodeMessage, encodeMessage } from '../../protocol/codec.js';
import type { Dialect } from '../../protocol/dialect.js';
import { type DecodedMessage, MpType } from '../../protocol/message.js';
import { nowMs } from '../../sys/clock.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { EAGAIN, systemError } from '../../sys/errors.js';
import { ownSocketFile, tryUnlink } from '../../sys/files.js';
import type { OwnedFd } from '../../sys/owned-fd.js';
import { CheckFailure, pause } from './expect.js';
import type { ProbeRequest } from './subject.js';

/** A received message with its descriptors. */
export interface RawMessage extends DecodedMessage {
  readonly fds: readonly OwnedFd[];
  readonly length: number;
  readonly sender: string | undefined;
}

/** Messages that EAL sends on its own. The peer answers IGN at once, so that no memory or device operation waits for it. */
const BUILT_IN = /^(mp_malloc_|eal_dev_mp_|bus_vdev_mp$)/;

/** A check fails that waits longer for a message, or for room to send one. */
const WAIT_MS = 4_000;
const POLL_MS = 1;
const SEND_REMEDY = 'See whether the subject still runs';

/** A socket in the runtime directory through which a check sends and receives any bytes. */
export class RawPeer {
  readonly path: string;
  /** Keeps EAL's own messages for the check, which then has to answer them. */
  takesBuiltIns = false;
  readonly #socket: DatagramSocket;
  readonly #endpoint: SocketEndpoint;
  readonly #dialect: Dialect;
  readonly #subject: string;
  readonly #inbox: RawMessage[] = [];
  readonly #owned: OwnedFd[] = [];
  #isOpen = true;

  /** Binds `path`, and removes first what is there; {@link close} removes it again. */
  constructor(path: string, subject: string, dialect: Dialect) {
    this.path = path;
    this.#subject = subject;
    this.#dialect = dialect;
    this.#socket = openSocket();
    this.#endpoint = new SocketEndpoint(this.#socket, path);
    tryUnlink(path);
    const result = this.#socket.bind(path);
    if (result < 0) {
      this.#socket.close();
      throw systemError('bind', result, path, 'Run as the user that the subject runs as');
    }
    if (path.startsWith('/')) ownSocketFile(path);
    this.read();
  }

  /** Receives messages as they come, which is the default. */
  read(): void {
    this.#endpoint.watch(() => this.#receive());
  }

  /** Stops receiving, so that the kernel's queue fills up. */
  stopReading(): void {
    this.#endpoint.unwatch();
  }

  /** Drops one datagram of the queue after {@link stopReading}. */
  dropOne(): void {
    const datagram = this.#socket.receive();
    if (typeof datagram === 'object') for (const fd of datagram.fds) fd.close();
  }

  /** Sends once, without waiting; returns 0 or `-errno`. */
  trySend(bytes: Uint8Array, fds: readonly number[] = [], to = this.#subject): number {
    return this.#socket.send(bytes, fds, to);
  }

  /** Sends bytes to the subject; waits for room in its queue. */
  async sendBytes(bytes: Uint8Array, fds: readonly number[] = [], to = this.#subject): Promise<void> {
    const deadline = nowMs() + WAIT_MS;
    for (;;) {
      const result = this.trySend(bytes, fds, to);
      if (result === 0) return;
      if (result !== -EAGAIN || nowMs() > deadline) {
        throw new CheckFailure(systemError('sendmsg', result, to, SEND_REMEDY).message);
      }
      await pause(POLL_MS);
    }
  }

  send(fields: DatagramFields, fds: readonly number[] = [], to = this.#subject): Promise<void> {
    return this.sendBytes(datagramOf(this.#dialect, { numFds: fds.length, ...fields }), fds, to);
  }

  /** Sends a REP under the request's name to its sender. */
  answer({ name, sender }: RawMessage, fields: DatagramFields = {}): Promise<void> {
    return this.send({ type: MpType.REP, name, ...fields }, [], sender);
  }

  /** Same as {@link answer}, but sends once: the requester may wait no more. */
  tryAnswer({ name, sender }: RawMessage, fields: DatagramFields = {}): void {
    this.trySend(datagramOf(this.#dialect, { type: MpType.REP, name, ...fields }), [], sender);
  }

  /** Answers a request with IGN. */
  ignore(request: RawMessage): Promise<void> {
    return this.answer(request, { type: MpType.IGN });
  }

  /** Sends a request; expects that the next datagram is its REP or IGN, and returns that. */
  async ask(request: ProbeRequest): Promise<RawMessage> {
    await this.send(request);
    const reply = await this.next();
    const isAnswer = reply.name === request.name && (reply.type === MpType.REP || reply.type === MpType.IGN);
    if (!isAnswer)
      throw new CheckFailure(`instead of the answer to '${request.name}' came ${describe(reply)}`);
    return reply;
  }

  /** Takes the next message; waits for it. */
  async next(timeoutMs = WAIT_MS): Promise<RawMessage> {
    const message = await this.nextOrNothing(timeoutMs);
    if (message === undefined) throw new CheckFailure(`nothing came to ${this.path} within ${timeoutMs} ms`);
    return message;
  }

  /** Same as {@link next}, but resolves to `undefined` once the time has passed. */
  async nextOrNothing(timeoutMs: number): Promise<RawMessage | undefined> {
    const deadline = nowMs() + timeoutMs;
    while (this.#inbox.length === 0 && this.#isOpen && nowMs() < deadline) await pause(POLL_MS);
    return this.#inbox.shift();
  }

  /** Drops the messages that were received. */
  clear(): void {
    this.#inbox.length = 0;
  }

  /** How many received messages wait for {@link next}. */
  get waiting(): number {
    return this.#inbox.length;
  }

  /** Closes the socket and leaves its file behind, as a killed process does. */
  die(): void {
    if (!this.#isOpen) return;
    const elsewhere = `${this.path}~`;
    renameSync(this.path, elsewhere); // `close` would remove it
    this.close();
    renameSync(elsewhere, this.path);
  }

  /** Closes the socket and removes its file. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const fd of this.#owned) fd.close();
    this.#endpoint.close();
  }

  #receive(): void {
    for (;;) {
      const datagram = this.#socket.receive();
      if (typeof datagram !== 'object') return;
      this.#owned.push(...datagram.fds);
      const { bytes, fds, sender } = datagram;
      this.#deliver({ ...decodeMessage(this.#dialect, bytes), fds, sender, length: bytes.length });
    }
  }

  #deliver(message: RawMessage): void {
    if (this.takesBuiltIns || !BUILT_IN.test(message.name) || message.type > MpType.REQ) {
      this.#inbox.push(message);
    } else if (message.type === MpType.REQ) {
      this.tryAnswer(message, { type: MpType.IGN });
    }
  }
}

/** Opens a socket without an address; the caller closes it. */
export function openSocket(): DatagramSocket {
  const socket = DatagramSocket.open('filesystem');
  if (typeof socket === 'number') throw systemError('socket', socket, 'AF_UNIX', 'Close some descriptors');
  return socket;
}

/** Describes a message for a failure. */
function describe({ type, name, param, numFds }: RawMessage): string {
  const kind = ['MSG', 'REQ', 'REP', 'IGN'][type] ?? `type ${type}`;
  return `${kind} '${name}' with ${param.length} bytes and ${numFds} descriptors`;
}

/** The fields of a datagram, right or wrong; the defaults are right. */
export interface DatagramFields {
  readonly type?: number;
  readonly name?: string;
  readonly param?: Uint8Array | string;
  /** `len_param`, whatever the param's length is. */
  readonly lenParam?: number;
  /** `num_fds`, whatever is attached. */
  readonly numFds?: number;
  /** All 64 bytes of the name. */
  readonly nameBytes?: Uint8Array;
  /** The datagram is cut or lengthened to this many bytes. */
  readonly length?: number;
}

/** A param of `size` bytes with one 32-bit word in it. */
export function paramOf(size: number, offset: number, word: number): Uint8Array {
  const param = new Uint8Array(size);
  new DataView(param.buffer).setInt32(offset, word, true);
  return param;
}

/** The 32-bit word at `offset` of a param. */
export function wordIn({ param }: RawMessage, offset: number): number {
  return new DataView(param.buffer, param.byteOffset).getInt32(offset, true);
}

/** Encodes a datagram that may break every rule of the protocol. */
export function datagramOf(dialect: Dialect, fields: DatagramFields): Uint8Array {
  const { type = MpType.REQ, name = 'any', param = new Uint8Array(0), length = dialect.wireLength } = fields;
  const bytes = encodeMessage(dialect, MpType.REQ, { name, param });
  const view = new DataView(bytes.buffer);
  view.setInt32(dialect.offsets.type, type, true);
  if (fields.lenParam !== undefined) view.setInt32(dialect.offsets.lenParam, fields.lenParam, true);
  if (fields.numFds !== undefined) view.setInt32(dialect.offsets.numFds, fields.numFds, true);
  if (fields.nameBytes !== undefined) bytes.set(fields.nameBytes, dialect.offsets.name);
  const sized = new Uint8Array(length);
  sized.set(bytes.subarray(0, length));
  return sized;
}

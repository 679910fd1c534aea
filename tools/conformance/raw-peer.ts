import { renameSync } from 'node:fs';
import { SocketEndpoint } from '../../lib/transport/socket-endpoint.js';
import { decodeMessage, encodeMessage } from '../../protocol/codec.js';
import type { Dialect } from '../../protocol/dialect.js';
import { MpType } from '../../protocol/message.js';
import { nowMs } from '../../sys/clock.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { EAGAIN, systemError } from '../../sys/errors.js';
import { ownSocketFile, tryUnlink } from '../../sys/files.js';
import type { OwnedFd } from '../../sys/owned-fd.js';
import { CheckFailure } from './verdict.js';

/** A message as it came, with the descriptors that came along. */
export interface RawMessage {
  readonly type: number;
  readonly name: string;
  readonly param: Uint8Array;
  readonly paramArea: Uint8Array;
  readonly numFds: number;
  readonly fds: readonly OwnedFd[];
  readonly length: number;
  readonly sender: string | undefined;
}

/** What EAL sends on its own: answered with IGN at once, so that no memory or device operation has to wait for us. */
const BUILT_IN = /^(mp_malloc_|eal_dev_mp_|bus_vdev_mp$)/;

/** A check that waits this long has failed. */
const PATIENCE_MS = 4_000;

/** The tester's side: a raw socket in the runtime directory. */
export class RawPeer {
  readonly path: string;
  /** Keeps built-in messages for the check, which then has to answer them. */
  takesBuiltIns = false;
  readonly #socket: DatagramSocket;
  readonly #endpoint: SocketEndpoint;
  readonly #dialect: Dialect;
  readonly #subject: string;
  readonly #inbox: RawMessage[] = [];
  readonly #owned: OwnedFd[] = [];
  #wake: (() => void) | undefined;
  #isOpen = true;

  private constructor(socket: DatagramSocket, path: string, subject: string, dialect: Dialect) {
    this.path = path;
    this.#socket = socket;
    this.#subject = subject;
    this.#dialect = dialect;
    this.#endpoint = new SocketEndpoint(socket, path);
    this.read();
  }

  /** Binds `path`, in place of whatever is there; it is removed again by `close`. */
  static bind(path: string, subject: string, dialect: Dialect): RawPeer {
    const socket = openSocket();
    tryUnlink(path);
    const result = socket.bind(path);
    if (result < 0) {
      socket.close();
      throw systemError('bind', result, path, 'Run as the user that the subject runs as');
    }
    if (path.startsWith('/')) ownSocketFile(path);
    return new RawPeer(socket, path, subject, dialect);
  }

  /** Reads continuously, as it does unless told otherwise. */
  read(): void {
    this.#endpoint.watch(() => this.#receive());
  }

  /** Lets the kernel's queue fill up. */
  stopReading(): void {
    this.#endpoint.unwatch();
  }

  /** Takes one datagram while {@link stopReading} holds; false if there was none. */
  readOne(): boolean {
    const datagram = this.#socket.receive();
    if (typeof datagram !== 'object') return false;
    for (const fd of datagram.fds) fd.close();
    return true;
  }

  /** One attempt: 0 or `-errno`. */
  trySend(bytes: Uint8Array, fds: readonly number[] = [], to = this.#subject): number {
    return this.#socket.send(bytes, fds, to);
  }

  /** Sends these bytes to the subject, waiting for room in its queue. */
  async sendBytes(bytes: Uint8Array, fds: readonly number[] = [], to = this.#subject): Promise<void> {
    const deadline = nowMs() + PATIENCE_MS;
    for (;;) {
      const result = this.trySend(bytes, fds, to);
      if (result === 0) return;
      if (result !== -EAGAIN || nowMs() > deadline) {
        throw new CheckFailure(systemError('sendmsg', result, to, 'Look at the subject').message);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  send(parts: Parts, fds: readonly number[] = [], to = this.#subject): Promise<void> {
    return this.sendBytes(datagramOf(this.#dialect, { numFds: fds.length, ...parts }), fds, to);
  }

  /** Answers a request, to its sender and under its name. */
  answer(request: RawMessage, parts: Parts = {}): Promise<void> {
    return this.send({ type: MpType.REP, name: request.name, ...parts }, [], request.sender ?? this.#subject);
  }

  ignore(request: RawMessage): Promise<void> {
    return this.answer(request, { type: MpType.IGN });
  }

  /** Asks and returns the next datagram, which must be the answer (or an IGN). */
  async ask(name: string, param: Uint8Array | string): Promise<RawMessage> {
    await this.send({ name, param });
    const reply = await this.next();
    const isAnswer = reply.name === name && (reply.type === MpType.REP || reply.type === MpType.IGN);
    if (!isAnswer) throw new CheckFailure(`instead of the answer to '${name}' came ${describe(reply)}`);
    return reply;
  }

  /** The next message that came, or comes. */
  async next(timeoutMs = PATIENCE_MS): Promise<RawMessage> {
    const message = await this.nextOrNothing(timeoutMs);
    if (message === undefined) throw new CheckFailure(`nothing came to ${this.path} within ${timeoutMs} ms`);
    return message;
  }

  /** As {@link next}; `undefined` once the time has passed. */
  async nextOrNothing(timeoutMs: number): Promise<RawMessage | undefined> {
    const deadline = nowMs() + timeoutMs;
    for (;;) {
      const message = this.#inbox.shift();
      if (message !== undefined) return message;
      const left = deadline - nowMs();
      if (left <= 0 || !this.#isOpen) return undefined;
      await this.#arrival(left);
    }
  }

  /** Forgets what waits. */
  clear(): void {
    this.#inbox.length = 0;
  }

  /** How many messages wait. */
  get waiting(): number {
    return this.#inbox.length;
  }

  /** As a killed process: the socket is gone and its name stays. */
  die(): void {
    if (!this.#isOpen) return;
    // under another name meanwhile, so that closing doesn't find what it would remove
    const aside = `${this.path}~`;
    renameSync(this.path, aside);
    this.close();
    renameSync(aside, this.path);
  }

  /** Removes the name, too. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const fd of this.#owned) fd.close();
    this.#endpoint.close();
    this.#wake?.();
  }

  #arrival(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #receive(): void {
    for (;;) {
      const datagram = this.#socket.receive();
      if (typeof datagram !== 'object') break;
      this.#owned.push(...datagram.fds);
      const { bytes, fds, sender } = datagram;
      this.#deliver({ ...decodeMessage(this.#dialect, bytes), fds, sender, length: bytes.length });
    }
    this.#wake?.();
  }

  #deliver(message: RawMessage): void {
    if (this.takesBuiltIns || !BUILT_IN.test(message.name) || message.type > MpType.REQ) {
      this.#inbox.push(message);
    } else if (message.type === MpType.REQ) {
      const ignore = datagramOf(this.#dialect, { type: MpType.IGN, name: message.name });
      this.trySend(ignore, [], message.sender ?? this.#subject);
    }
  }
}

/** A socket without a name; the caller closes it. */
export function openSocket(): DatagramSocket {
  const socket = DatagramSocket.open('filesystem');
  if (typeof socket === 'number') throw systemError('socket', socket, 'AF_UNIX', 'Close some descriptors');
  return socket;
}

/** For messages: what it was. */
function describe({ type, name, param, numFds }: RawMessage): string {
  const kind = ['MSG', 'REQ', 'REP', 'IGN'][type] ?? `type ${type}`;
  return `${kind} '${name}' with ${param.length} bytes and ${numFds} descriptors`;
}

/** A datagram, right or wrong; what isn't given is right. */
export interface Parts {
  readonly type?: number;
  readonly name?: string;
  readonly param?: Uint8Array | string;
  /** `len_param` as claimed. */
  readonly lenParam?: number;
  /** `num_fds` as claimed. */
  readonly numFds?: number;
  /** All 64 bytes of the name. */
  readonly nameBytes?: Uint8Array;
  /** Cut or lengthened to this. */
  readonly length?: number;
}

/** Encodes what no sane sender would. */
export function datagramOf(dialect: Dialect, parts: Parts): Uint8Array {
  const { type = MpType.REQ, name = 'any', param = new Uint8Array(0), length = dialect.wireLength } = parts;
  const bytes = encodeMessage(dialect, MpType.REQ, { name, param });
  const view = new DataView(bytes.buffer);
  view.setInt32(dialect.offsets.type, type, true);
  if (parts.lenParam !== undefined) view.setInt32(dialect.offsets.lenParam, parts.lenParam, true);
  if (parts.numFds !== undefined) view.setInt32(dialect.offsets.numFds, parts.numFds, true);
  if (parts.nameBytes !== undefined) bytes.set(parts.nameBytes, dialect.offsets.name);
  const sized = new Uint8Array(length);
  sized.set(bytes.subarray(0, length));
  return sized;
}

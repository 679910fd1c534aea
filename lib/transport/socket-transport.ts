import { setTimeout as sleep } from 'node:timers/promises';
import { MpError } from '../../protocol/errors.js';
import { PRIMARY_SOCKET, replySocketName, secondarySocketName } from '../../protocol/paths.js';
import { readConfigHead } from '../../shm/layout/mem-config.js';
import { nowMs, random64 } from '../../sys/clock.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { ECONNREFUSED, ENOENT, systemError } from '../../sys/errors.js';
import { waitForSockets } from '../../sys/poll.js';
import { assertNotAborted } from '../abort.js';
import { SocketEndpoint } from './socket-endpoint.js';
import type { SocketNames } from './socket-names.js';
import type { Endpoint, Releasable, Transport } from './transport.js';

/** A primary that waits in a synchronous broadcast keeps everybody from starting; C would wait for ever. */
const START_TIMEOUT_MS = 30_000;
const LOCK_RETRY_MS = 10;

/** The sockets of one runtime directory, in either namespace. */
export class SocketTransport implements Transport {
  readonly primaryPath: string;
  readonly #directory: string;
  readonly #names: SocketNames;

  constructor(directory: string, names: SocketNames) {
    this.#directory = directory;
    this.#names = names;
    this.primaryPath = `${directory}/${PRIMARY_SOCKET}`;
  }

  async bindPublic(role: 'primary' | 'secondary', signal: AbortSignal | undefined): Promise<SocketEndpoint> {
    this.#names.prepare();
    const lock = await this.#lockForStart(signal);
    try {
      if (role === 'primary') this.#claimPrimaryPath();
      this.#names.removeStale();
      const path = role === 'primary' ? this.primaryPath : this.#newPath(secondarySocketName);
      return this.#bound(this.#open(), path);
    } finally {
      lock.release();
    }
  }

  openReply(toPrimary: boolean): Endpoint {
    this.#names.check(); // there may have been nothing yet when the channel was opened
    const socket = this.#open();
    if (toPrimary) this.#connect(socket);
    return this.#bound(socket, this.#newPath(replySocketName));
  }

  secondaries(): string[] {
    return this.#names.secondaries();
  }

  forgetSecondary(path: string): void {
    this.#names.remove(path);
  }

  exists(path: string): boolean {
    return this.#names.has(path);
  }

  isListening(path: string): boolean {
    const probe = this.#open();
    const answer = probe.connect(path);
    probe.close();
    return answer !== -ECONNREFUSED && answer !== -ENOENT;
  }

  lockSecondaries(): Releasable | undefined {
    return this.#names.tryLock('shared');
  }

  primaryIncarnation(): string | undefined {
    return this.#names.primaryIncarnation();
  }

  wait(readable: readonly Endpoint[], writable: Endpoint | undefined, timeoutMs: number): void {
    const fdOf = (endpoint: Endpoint) => (endpoint as SocketEndpoint).fd;
    const result = waitForSockets(readable.map(fdOf), writable && fdOf(writable), timeoutMs);
    if (result < 0) throw systemError('poll', result, this.#directory, 'Free some memory');
  }

  async #lockForStart(signal: AbortSignal | undefined): Promise<Releasable> {
    const deadline = nowMs() + START_TIMEOUT_MS;
    for (;;) {
      const lock = this.#names.tryLock('exclusive');
      if (lock !== undefined) return lock;
      if (nowMs() >= deadline) {
        throw new MpError(
          'ETIMEDOUT',
          `${this.#directory} has been locked by another process for ${START_TIMEOUT_MS / 1000} s. ` +
            'Find out which one (lslocks) and why its request or start takes so long',
          { syscall: 'flock', path: this.#directory },
        );
      }
      await sleep(LOCK_RETRY_MS);
      assertNotAborted(signal);
    }
  }

  /** Throws `EADDRINUSE` while a primary lives; removes the socket that a dead one left. Under the directory's lock. */
  #claimPrimaryPath(): void {
    const config = readConfigHead(`${this.#directory}/config`);
    if (config?.lock !== undefined || this.isListening(this.primaryPath)) {
      const pid = config?.lock?.pid;
      throw new MpError(
        'EADDRINUSE',
        `A primary is running already at ${this.primaryPath}${pid !== undefined && pid > 0 ? ` (pid ${pid})` : ''}. ` +
          'Stop it, open a secondary instead, or use another filePrefix',
        { syscall: 'bind', path: this.primaryPath },
      );
    }
    this.#names.remove(this.primaryPath); // unless it is no socket: then bind says that something is there
  }

  #open(): DatagramSocket {
    const socket = DatagramSocket.open(this.#names.namespace);
    if (typeof socket === 'number') throw systemError('socket', socket, this.#directory, 'Free some memory');
    return socket;
  }

  #connect(socket: DatagramSocket): void {
    const result = socket.connect(this.primaryPath);
    if (result === 0) return;
    socket.close();
    throw primaryError('connect', result, this.primaryPath);
  }

  #bound(socket: DatagramSocket, path: string): SocketEndpoint {
    const result = socket.bind(path);
    if (result < 0) {
      socket.close();
      throw systemError('bind', result, path, 'Check that you may write to the runtime directory');
    }
    this.#names.own(path);
    return new SocketEndpoint(socket, path);
  }

  /** 64 random bits where C has its cycle counter: no two sockets ever meet in a name. */
  #newPath(name: (pid: number, unique: bigint) => string): string {
    return `${this.#directory}/${name(process.pid, random64())}`;
  }
}

/** Why the primary can't be reached; also for an errno that a send to it returned. */
export function primaryError(syscall: string, result: number, path: string): MpError {
  return systemError(syscall, result, path, primaryHint(result));
}

function primaryHint(result: number): string {
  switch (result) {
    case -ENOENT:
      return 'No primary is running there: start it, or check filePrefix, runtimeDir and the user that it runs as';
    case -ECONNREFUSED:
      return 'The primary that was there has died: restart it';
    default:
      return 'Check that you may write to the socket: DPDK processes of one prefix run as one user';
  }
}

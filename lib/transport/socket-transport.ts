import { setTimeout as sleep } from 'node:timers/promises';
import { MpError } from '../../protocol/errors.js';
import { PRIMARY_SOCKET, replySocketName, secondarySocketName } from '../../protocol/paths.js';
import { readConfigHead } from '../../shm/layout/mem-config.js';
import { nowMs, random64 } from '../../sys/clock.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { ECONNREFUSED, ENOENT, systemError } from '../../sys/errors.js';
import { waitForSockets } from '../../sys/poll.js';
import type { SocketNamespace } from '../../sys/sockaddr.js';
import { assertNotAborted } from '../abort.js';
import { SocketEndpoint } from './socket-endpoint.js';
import type { Endpoint, Releasable, Transport } from './transport.js';

/**
 * How long `bindPublic` waits for the lock of the runtime directory, in milliseconds; C waits for ever. A primary holds it
 * during a synchronous broadcast.
 */
const START_TIMEOUT_MS = 30_000;
const LOCK_RETRY_MS = 10;

/**
 * The sockets of one runtime directory. Its subclasses know their names, each in one of the two namespaces. In a namespace
 * without files there is nothing to prepare, to check or to clean up, as these methods do here.
 */
export abstract class SocketTransport implements Transport {
  readonly primaryPath: string;
  protected readonly directory: string;
  protected abstract readonly namespace: SocketNamespace;

  constructor(directory: string) {
    this.directory = directory;
    this.primaryPath = `${directory}/${PRIMARY_SOCKET}`;
  }

  /** Takes the lock that starting processes and broadcasts exclude each other with; returns `undefined` while it is held. */
  protected abstract tryLock(kind: 'shared' | 'exclusive'): Releasable | undefined;
  abstract secondaries(): string[];
  abstract exists(path: string): boolean;
  abstract primaryIncarnation(): string | undefined;

  /** Makes the directory that the sockets are in. */
  protected prepare(): void {}
  /** Throws `EACCES` if any user could have made that directory. */
  check(): void {}
  /** Has a socket that was just bound removed when this process exits. */
  protected own(_path: string): void {}
  /** Removes the sockets that killed processes left behind. */
  protected removeStale(): void {}
  forgetSecondary(_path: string): void {}

  async bindPublic(role: 'primary' | 'secondary', signal: AbortSignal | undefined): Promise<SocketEndpoint> {
    this.prepare();
    const lock = await this.#lockForStart(signal);
    try {
      if (role === 'primary') this.#claimPrimaryPath();
      this.removeStale();
      const path = role === 'primary' ? this.primaryPath : this.#newPath(secondarySocketName);
      return this.#bound(this.#open(), path);
    } finally {
      lock.release();
    }
  }

  openReply(toPrimary: boolean): Endpoint {
    this.check(); // the directory may not have existed when the channel was opened
    const socket = this.#open();
    if (toPrimary) this.#connect(socket);
    return this.#bound(socket, this.#newPath(replySocketName));
  }

  isListening(path: string): boolean {
    const probe = this.#open();
    const answer = probe.connect(path);
    probe.close();
    return answer !== -ECONNREFUSED && answer !== -ENOENT;
  }

  lockSecondaries(): Releasable | undefined {
    return this.tryLock('shared');
  }

  wait(readable: readonly Endpoint[], writable: Endpoint | undefined, timeoutMs: number): void {
    const fdOf = (endpoint: Endpoint) => (endpoint as SocketEndpoint).fd;
    const result = waitForSockets(readable.map(fdOf), writable && fdOf(writable), timeoutMs);
    if (result < 0) throw systemError('poll', result, this.directory, 'Free some memory');
  }

  async #lockForStart(signal: AbortSignal | undefined): Promise<Releasable> {
    const deadline = nowMs() + START_TIMEOUT_MS;
    for (;;) {
      const lock = this.tryLock('exclusive');
      if (lock !== undefined) return lock;
      if (nowMs() >= deadline) {
        throw new MpError(
          'ETIMEDOUT',
          `${this.directory} has been locked by another process for ${START_TIMEOUT_MS / 1000} s. ` +
            'Find out which one (lslocks) and why its request or start takes so long',
          { syscall: 'flock', path: this.directory },
        );
      }
      await sleep(LOCK_RETRY_MS);
      assertNotAborted(signal);
    }
  }

  /** Throws `EADDRINUSE` while a primary lives; removes the socket of a dead one. The caller holds the directory's lock. */
  #claimPrimaryPath(): void {
    const config = readConfigHead(`${this.directory}/config`);
    if (config?.lock !== undefined || this.isListening(this.primaryPath)) {
      const pid = config?.lock?.pid;
      throw new MpError(
        'EADDRINUSE',
        `A primary is running already at ${this.primaryPath}${pid !== undefined && pid > 0 ? ` (pid ${pid})` : ''}. ` +
          'Stop it, open a secondary instead, or use another filePrefix',
        { syscall: 'bind', path: this.primaryPath },
      );
    }
    this.forgetSecondary(this.primaryPath); // any other kind of file stays, and makes bind fail
  }

  #open(): DatagramSocket {
    const socket = DatagramSocket.open(this.namespace);
    if (typeof socket === 'number') throw systemError('socket', socket, this.directory, 'Free some memory');
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
    this.own(path);
    return new SocketEndpoint(socket, path);
  }

  /** Makes a name that no other socket has, with 64 random bits where C has its cycle counter. */
  #newPath(name: (pid: number, unique: bigint) => string): string {
    return `${this.directory}/${name(process.pid, random64())}`;
  }
}

/** Makes the error for a primary that can't be reached; `result` is the `-errno` that `syscall` returned. */
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

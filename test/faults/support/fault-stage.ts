// Where a scenario runs: a runtime directory of its own, the peers that it needs, and the errors that its channels emit.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MpChannel } from '../../../lib/index.js';
import { DatagramSocket } from '../../../sys/datagram-socket.js';
import { LIST_BASE } from '../../shm/support/image.js';
import { makeRuntime, pretendAlive } from '../../shm/support/runtime.js';
import type { Scenario } from './scenarios.js';

const PEER = new URL('../../lib/support/channel-worker.ts', import.meta.url);

export class FaultStage implements AsyncDisposable {
  readonly runtimeDir: string;
  readonly filePrefix: string;
  readonly hugeDir: string;
  /** Errors that channels have emitted. */
  readonly errors: unknown[] = [];
  readonly #undo: (() => unknown)[] = [];

  private constructor(runtimeDir: string, filePrefix: string, hugeDir: string) {
    this.runtimeDir = runtimeDir;
    this.filePrefix = filePrefix;
    this.hugeDir = hugeDir;
    this.#undo.push(() => rmSync(runtimeDir, { recursive: true, force: true }));
  }

  static async for({ needs }: Scenario): Promise<FaultStage> {
    if (needs === 'memory') return FaultStage.#withMemory();
    const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
    const stage = new FaultStage(runtimeDir, 'stage', '');
    mkdirSync(stage.directory, { mode: 0o700 });
    if (needs !== undefined) await stage.#startPeer(needs);
    return stage;
  }

  static #withMemory(): FaultStage {
    const runtime = makeRuntime({ zones: [{ name: 'ONE', addr: LIST_BASE + 4096, len: 4096 }], pages: [0] });
    const stage = new FaultStage(runtime.runtimeDir, runtime.filePrefix, runtime.hugeDir);
    stage.#undo.push(pretendAlive(runtime));
    return stage;
  }

  get directory(): string {
    return `${this.runtimeDir}/${this.filePrefix}`;
  }

  get primaryPath(): string {
    return `${this.directory}/mp_socket`;
  }

  get options() {
    return { runtimeDir: this.runtimeDir, filePrefix: this.filePrefix };
  }

  /** A socket without a channel behind it; the caller closes it. */
  socket(name: string): DatagramSocket {
    rmSync(`${this.directory}/${name}`, { force: true });
    const socket = DatagramSocket.open('filesystem');
    if (typeof socket === 'number') throw new RangeError(`socket: ${socket}`);
    if (socket.bind(`${this.directory}/${name}`) !== 0) throw new RangeError(`bind ${name}`);
    return socket;
  }

  watchErrors(channel: MpChannel): void {
    channel.on('error', (error) => this.errors.push(error));
  }

  /** Names of the files in the directory. */
  files(): string[] {
    return readdirSync(this.directory).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo();
  }

  async #startPeer(role: 'primary' | 'secondary'): Promise<void> {
    const worker = new Worker(PEER, { workerData: { role, options: this.options } });
    await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    this.#undo.push(async () => {
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage('close');
      await ended;
    });
  }
}

// Starts node-peer.ts as a process or as a worker thread.
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { CProcess } from '../../support/c-process.js';
import { LineLog, type LineMatch, type PeerLine } from '../../support/line-log.js';
import type { LiveScope } from './live.js';

type Role = 'primary' | 'secondary';

/** A peer in a process or in a worker thread. */
export interface NodePeer {
  readonly lines: readonly PeerLine[];
  waitFor(match: LineMatch): Promise<PeerLine>;
  send(line: string): void;
}

/** Includes the time to compile its TypeScript. */
const START_TIMEOUT_MS = 90_000;
const PROGRAM = new URL('./node-peer.ts', import.meta.url);
const TYPESCRIPT = ['--import', new URL('../../register.mjs', import.meta.url).href];

export async function startNodeProcess(
  live: LiveScope,
  role: Role = 'secondary',
  tag = '',
): Promise<CProcess> {
  const command = [process.execPath, ...TYPESCRIPT, fileURLToPath(PROGRAM), role, live.filePrefix, tag];
  const child = new CProcess(`Node ${role}`, command);
  live.peers.defer(() => child[Symbol.asyncDispose]());
  await child.waitFor(/^READY /, START_TIMEOUT_MS);
  return child;
}

/** A worker thread of this process. */
export class NodeWorker implements NodePeer {
  /** The worker's exit code. */
  readonly exited: Promise<number>;
  readonly #worker: Worker;
  readonly #log: LineLog;
  #error = '';

  private constructor(args: readonly string[]) {
    this.#worker = new Worker(PROGRAM, { workerData: args, execArgv: TYPESCRIPT });
    this.#log = new LineLog(
      () => `Node worker, its last output:\n  ${this.lines.at(-1)?.text}\n${this.#error}`,
    );
    this.#worker.on('message', (line: string) => this.#log.push(line));
    this.#worker.on('error', (error) => {
      this.#error = String(error);
    });
    this.exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#log.end(`it ended with ${code}`);
        resolve(code);
      });
    });
  }

  static async start(live: LiveScope, tag = ''): Promise<NodeWorker> {
    const worker = new NodeWorker(['secondary', live.filePrefix, tag]);
    live.peers.defer(() => worker.end());
    await worker.waitFor(/^READY /, START_TIMEOUT_MS);
    return worker;
  }

  get lines(): readonly PeerLine[] {
    return this.#log.lines;
  }

  waitFor(match: LineMatch, timeoutMs?: number): Promise<PeerLine> {
    return this.#log.waitFor(match, timeoutMs === undefined ? {} : { timeoutMs });
  }

  send(line: string): void {
    this.#worker.postMessage(line);
  }

  /** Lets the thread close its channel and end; harmless once it has. */
  async end(): Promise<void> {
    this.send('close');
    await this.exited;
  }

  /** Ends the thread without giving it a chance to clean up. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.exited;
  }
}

/** Sends a command and waits for its line. */
export function ask(peer: NodePeer, command: string): Promise<PeerLine> {
  const verb = command.split(' ', 1)[0] ?? '';
  peer.send(command);
  return peer.waitFor((line) => line.event === verb);
}

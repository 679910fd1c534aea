// A live C DPDK process: primary or secondary, ready for commands.

import { CProcess, type ProcessExit } from '../c-process.js';
import type { PeerLine } from '../line-log.js';
import { buildPeers, type PeerRole, peerProgram } from './build.js';
import { type EalOptions, ealArgs } from './eal-args.js';
import { findDpdk } from './install.js';

export interface CPeerOptions extends EalOptions {
  readonly role: PeerRole;
  /** Which DPDK: 'native' (default) or one of releases.ts. */
  readonly release?: string;
  /** The primary's 5 MiB memzone BIG; true by default. */
  readonly bigZone?: boolean;
  /** How long `slow` and `slowi` take; 300 ms by default. */
  readonly slowMs?: number;
  /** No line for each message that arrives. */
  readonly quiet?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** false: `start` doesn't wait for the line READY. */
  readonly untilReady?: boolean;
}

const START_TIMEOUT_MS = 90_000;
/** A primary's clean exit waits 5 s for each third party that doesn't answer. */
const QUIT_TIMEOUT_MS = 60_000;

export class CPeer extends CProcess {
  readonly role: PeerRole;
  readonly filePrefix: string;
  /** Commands run one after the other, so each gets its own answer. */
  #lastCommand: Promise<unknown> = Promise.resolve();

  private constructor(command: readonly string[], options: CPeerOptions) {
    super(`C ${options.role}`, command, environment(options));
    this.role = options.role;
    this.filePrefix = options.filePrefix;
  }

  /** Starts a peer and waits until it is ready, unless told otherwise. */
  static async start(options: CPeerOptions): Promise<CPeer> {
    const install = findDpdk(options.release);
    if ('missing' in install) throw new Error(`${install.missing}. Call needsDpdk() in a before hook.`);
    await buildPeers(install);
    const program = peerProgram(install, options.role);
    const peer = new CPeer(
      [...(options.device?.within ?? []), ...install.wrap([program, ...ealArgs(withMemory(options))])],
      options,
    );
    if (options.untilReady === false) return peer;
    try {
      await peer.waitFor(/^READY /, START_TIMEOUT_MS);
      return peer;
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Runs a command of the C peer (commands.c lists them) and returns the line that closes its
   * output. Lines printed before that one are in `lines`; the cursor of waitFor doesn't move.
   */
  command(text: string, timeoutMs?: number): Promise<PeerLine> {
    const run = async () => {
      const verb = text.trim().split(/\s+/, 1)[0] ?? '';
      const from = this.lines.length;
      this.send(text);
      const line = await this.waitFor((candidate) => closes(candidate, verb), {
        from,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      if (line.event === 'error')
        throw new Error(`The C ${this.role} refused '${text}': ${line.fields.reason}`);
      return line;
    };
    const result = this.#lastCommand.then(run);
    this.#lastCommand = result.catch(() => {});
    return result;
  }

  /** Ends the peer in its own way, and rejects unless that went well. */
  async quit(): Promise<ProcessExit> {
    this.send('quit');
    const timer = setTimeout(() => this.kill('SIGKILL'), QUIT_TIMEOUT_MS);
    const exit = await this.exited;
    clearTimeout(timer);
    if (exit.code !== 0) {
      throw new Error(
        `It ended with ${exit.signal ?? `status ${exit.code}`} instead of 0.\n${this.describe()}`,
      );
    }
    return exit;
  }
}

function closes(line: PeerLine, verb: string): boolean {
  return line.event === verb || (line.event === 'error' && line.fields.verb === verb);
}

/** What the memzones take: 8 hugepages with BIG, 2 without. */
function withMemory(options: CPeerOptions): CPeerOptions {
  return { memoryMb: options.bigZone === false ? 4 : 16, ...options };
}

function environment(options: CPeerOptions): Record<string, string> {
  return {
    ...(options.bigZone === false ? { NO_BIG: '1' } : {}),
    ...(options.slowMs === undefined ? {} : { SLOW_MS: String(options.slowMs) }),
    ...(options.quiet === true ? { QUIET: '1' } : {}),
    ...options.device?.env,
    ...options.env,
  };
}

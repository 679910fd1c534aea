// An interactive dpdk-testpmd: the application that everybody has.
import { spawnSync } from 'node:child_process';
import { CProcess } from '../c-process.js';
import { nthCpu } from './cpus.js';
import { ealArgs } from './eal-args.js';
import { pendingUnlessCi } from './needs-dpdk.js';
import type { PeerScope } from './peers-for.js';

const PROGRAM = 'dpdk-testpmd';
const START_TIMEOUT_MS = 20_000;
const PROMPT = /^testpmd> (\w.*)$/;

interface TestpmdOptions {
  /** Only with them C secondaries can attach to it. */
  readonly hugepages?: boolean;
  /** Further arguments of EAL. */
  readonly args?: readonly string[];
  /** Of another testpmd; the primary by default. */
  readonly role?: 'secondary';
  /** A command that runs the rest of its command line. */
  readonly within?: readonly string[];
}

export class Testpmd {
  readonly process: CProcess;

  private constructor(command: readonly string[]) {
    this.process = new CProcess('testpmd', command);
  }

  static async start(scope: PeerScope, options: TestpmdOptions = {}): Promise<Testpmd> {
    const { role, within = [], hugepages = role !== undefined } = options;
    const eal = ealArgs({ memoryMb: 64, ...options, filePrefix: scope.filePrefix, hugepages });
    // it needs a second thread for forwarding, if not a second processor
    const lcores = ['--lcores', `(0,1)@${nthCpu(0)}`];
    const share = role === 'secondary' ? ['--num-procs=2', '--proc-id=1'] : [];
    const own = ['--interactive', '--total-num-mbufs=2048', ...share];
    // a line at a time, though it writes to a pipe
    const command = ['stdbuf', '-oL', PROGRAM, ...eal.slice(2), ...lcores, '--', ...own];
    const testpmd = new Testpmd([...within, ...command]);
    scope.defer(() => testpmd.process[Symbol.asyncDispose]());
    await testpmd.process.waitFor(/^Checking link statuses/, START_TIMEOUT_MS);
    return testpmd;
  }

  /** What a command prints, up to the echo of the empty line behind it. */
  async command(text: string): Promise<string> {
    const from = this.process.lines.length;
    this.process.send(text);
    this.process.send('set nothing');
    await this.process.waitFor(/^testpmd> set nothing/, { from });
    return this.process.lines
      .slice(from)
      .map((line) => line.text)
      .filter((line) => !PROMPT.test(line))
      .join('\n');
  }

  async ports(): Promise<string[]> {
    const summary = await this.command('show port summary all');
    return [...summary.matchAll(/^\d+ +[\dA-F:]+ +(\S+)/gm)].map(([, name = '']) => name);
  }

  /** Asks until a port has its link. */
  async untilUp(name: string): Promise<void> {
    const up = new RegExp(`^\\d+ +[\\dA-F:]+ +${name} +\\S+ +up `, 'm');
    while (!up.test(await this.command('show port summary all')));
  }

  async devices(): Promise<string[]> {
    const infos = await this.command('show device info all');
    return [...infos.matchAll(/Infos for device (\S+) /g)].map(([, name = '']) => name);
  }
}

/** For a `before` hook: the suite is pending where testpmd isn't installed, and fails where CI is set. */
export function needsTestpmd(context: Mocha.Context): void {
  const { status } = spawnSync('which', [PROGRAM, 'stdbuf'], { stdio: 'ignore' });
  if (status !== 0)
    pendingUnlessCi(context, `${PROGRAM} isn't installed; on Debian or Ubuntu: apt-get install dpdk-dev`);
}

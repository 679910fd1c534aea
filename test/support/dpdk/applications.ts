// Applications of DPDK that tests run beside channels: dpdk-testpmd and dpdk-pdump.
import { spawnSync } from 'node:child_process';
import { CProcess } from '../c-process.js';
import { ealArgs, nthCpu } from './eal-args.js';
import { pendingUnlessCi } from './needs-dpdk.js';
import type { PeerScope } from './peers-for.js';

const PROGRAM = 'dpdk-testpmd';
const START_TIMEOUT_MS = 90_000;
const PROMPT = /^testpmd> (\w.*)$/;

interface TestpmdOptions {
  /** Whether it takes hugepages: C secondaries can attach only then. */
  readonly hugepages?: boolean;
  /** Further arguments of EAL. */
  readonly args?: readonly string[];
  /** `secondary`: of another testpmd. The primary by default. */
  readonly role?: 'secondary';
  /** A command that runs the rest of its command line. */
  readonly within?: readonly string[];
}

/** An interactive dpdk-testpmd. */
export class Testpmd {
  readonly process: CProcess;

  private constructor(command: readonly string[]) {
    this.process = new CProcess('testpmd', command);
  }

  static async start(scope: PeerScope, options: TestpmdOptions = {}): Promise<Testpmd> {
    const { role, within = [], hugepages = role !== undefined } = options;
    const eal = ealArgs({ memoryMb: 64, ...options, filePrefix: scope.filePrefix, hugepages });
    // it needs a second thread for forwarding, on the same processor
    const lcores = ['--lcores', `(0,1)@${nthCpu(0)}`];
    const share = role === 'secondary' ? ['--num-procs=2', '--proc-id=1'] : [];
    const own = ['--interactive', '--total-num-mbufs=2048', ...share];
    // stdbuf: one line at a time, although it writes to a pipe
    const command = ['stdbuf', '-oL', PROGRAM, ...eal.slice(2), ...lcores, '--', ...own];
    const testpmd = new Testpmd([...within, ...command]);
    scope.defer(() => testpmd.process[Symbol.asyncDispose]());
    await testpmd.process.waitFor(/^Checking link statuses/, START_TIMEOUT_MS);
    return testpmd;
  }

  /** Runs a command and returns what it prints: all until the echo of a second command. */
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

  /** Waits until the port's link is up. */
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

/** A live dpdk-pdump: captures packets of a testpmd, as its secondary. */
export class Pdump extends CProcess {
  /** Returns once it captures what `device` receives and sends. */
  static async start(scope: PeerScope, device: string): Promise<Pdump> {
    const eal = ealArgs({ role: 'secondary', filePrefix: scope.filePrefix });
    // dpdk-pdump passes --proc-type itself
    const at = eal.indexOf('--proc-type');
    eal.splice(at, 2);
    const capture = `device_id=${device},queue=*,rx-dev=/dev/null,tx-dev=/dev/null`;
    const pdump = new Pdump('dpdk-pdump', ['stdbuf', '-oL', 'dpdk-pdump', ...eal, '--', '--pdump', capture]);
    scope.defer(() => pdump[Symbol.asyncDispose]());
    await pdump.waitFor(/capture for \(1\) tuples/, START_TIMEOUT_MS);
    return pdump;
  }
}

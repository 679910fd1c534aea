// A live dpdk-pdump: captures packets of a testpmd, as its secondary.
import { CProcess } from '../c-process.js';
import { ealArgs } from './eal-args.js';
import type { PeerScope } from './peers-for.js';

const START_TIMEOUT_MS = 20_000;

export class Pdump extends CProcess {
  /** Returns once it captures what `device` receives and sends. */
  static async start(scope: PeerScope, device: string): Promise<Pdump> {
    const eal = ealArgs({ role: 'secondary', filePrefix: scope.filePrefix });
    // it says itself what it is
    const at = eal.indexOf('--proc-type');
    eal.splice(at, 2);
    const capture = `device_id=${device},queue=*,rx-dev=/dev/null,tx-dev=/dev/null`;
    const pdump = new Pdump('dpdk-pdump', ['stdbuf', '-oL', 'dpdk-pdump', ...eal, '--', '--pdump', capture]);
    scope.defer(() => pdump[Symbol.asyncDispose]());
    await pdump.waitFor(/capture for \(1\) tuples/, START_TIMEOUT_MS);
    return pdump;
  }
}

// Mocha's own Spec reporter; it also leaves the counts in $DPDK_IPC_TEST_STATS for test/run.mjs.
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export default class StatsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const file = process.env.DPDK_IPC_TEST_STATS;
      if (file !== undefined) writeFileSync(file, JSON.stringify(this.stats));
    });
  }
}

// Every system call fails once, at every step: the result is an MpError or none, nothing is left, and a retry works.
import { expect } from 'chai';
import { SCENARIOS } from './support/scenarios.js';
import { sweep } from './support/sweep.js';

describe('faults: system calls', () => {
  for (const scenario of SCENARIOS) {
    it(`every call fails once: ${scenario.name}`, async function () {
      this.timeout(120_000);
      const { calls, runs, errors, failures } = await sweep(scenario);
      expect(failures, `\n${failures.join('\n')}\n`).to.have.lengthOf(0);
      expect(calls).to.be.greaterThan(0);
      console.log(`      ${calls} calls, ${runs} runs, ${errors} of them with an error`);
    });
  }
});

// Signals that come while a lock of DPDK's shared memory is held.
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { CProcess } from '../support/c-process.js';
import { REGISTER } from '../support/register.js';

const CHILD = fileURLToPath(new URL('./signal-child.ts', import.meta.url));

describe('sys: signals held off', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGALRM', 'SIGQUIT'] as const) {
    it(`delivers ${signal} once the section is over`, async () => {
      const args = ['--import', REGISTER, CHILD, signal];
      const child = new CProcess('signalled', [process.execPath, ...args]);
      expect((await child.exited).signal).to.equal(signal);
      expect(child.lines.map(({ text }) => text)).to.deep.equal(['inside']);
    });
  }
});

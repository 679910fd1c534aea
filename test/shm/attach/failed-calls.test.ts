// Attaching and copying while system calls fail or the caller asks for the impossible.

import { expect } from 'chai';
import { MpError } from '../../../lib/index.js';
import { attachMemory } from '../../../shm/index.js';
import { interposed } from '../../faults/support/fault-plan.js';
import { openDescriptors } from '../../support/descriptors.js';
import { expectError } from '../../support/mp-error.js';
import { LIST_BASE, PAGE_SIZE } from '../support/image.js';
import { makeRuntime, pretendAlive } from '../support/runtime.js';

describe('shm: failing system calls', () => {
  it('throws an MpError that names the file when fstat of a shared file fails', async () => {
    const runtime = makeRuntime();
    const release = pretendAlive(runtime);
    const { runtimeDir, filePrefix } = runtime;
    let thrown: unknown;
    try {
      await interposed(
        (name) => (name === 'fstatSync' ? 'EIO' : undefined),
        () => attachMemory({ runtimeDir, filePrefix }).detach(),
      );
    } catch (error) {
      thrown = error;
    } finally {
      release();
      runtime.remove();
    }
    expect(thrown).to.be.instanceOf(MpError);
    expect(thrown).to.include({ code: 'EIO', path: `${runtime.path}/config` });
  });

  it('closes every file of an attachment when close of one fails', async () => {
    const runtime = makeRuntime();
    const release = pretendAlive(runtime);
    const before = openDescriptors();
    try {
      await interposed(
        (name) => (name === 'closeSync' ? 'EIO' : undefined),
        () => {
          const { runtimeDir, filePrefix } = runtime;
          attachMemory({ runtimeDir, filePrefix, lock: false }).detach();
        },
      );
      expect(openDescriptors()).to.deep.equal(before);
    } finally {
      release();
      runtime.remove();
    }
  });
});

describe('shm: snapshot', () => {
  it('refuses lengths that no array has with ERANGE, before it allocates', () => {
    const runtime = makeRuntime({ pages: [0] });
    const memory = attachMemory({ ...runtime, stale: true });
    try {
      for (const length of [2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER])
        expectError('ERANGE', () => memory.snapshot(LIST_BASE, length));
      expectError('EFAULT', () => memory.snapshot(LIST_BASE, 2 ** 31));
      expect(memory.snapshot(LIST_BASE, PAGE_SIZE)).to.have.length(PAGE_SIZE);
    } finally {
      memory.detach();
      runtime.remove();
    }
  });
});

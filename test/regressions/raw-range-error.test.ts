// What no array can hold was a bare RangeError of `snapshot`, and what is no handle a bare TypeError of `attachShared`.
import { expect } from 'chai';
import { attachMemory, attachShared } from '../../shm/index.js';
import { LIST_BASE, PAGE_SIZE } from '../shm/support/image.js';
import { makeRuntime } from '../shm/support/runtime.js';
import { expectError } from '../support/mp-error.js';

describe('regression: input that memory can not be had for', () => {
  it('is refused by snapshot, before anything is allocated', () => {
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

  for (const handle of [
    undefined,
    'text',
    {},
    { type: 'dpdk-ipc:memzone', offset: 0, len: 1, pageSize: 4096 },
  ]) {
    it(`is refused by attachShared: ${JSON.stringify(handle)}`, () => {
      expectError('EINVAL', () => attachShared(handle as never));
    });
  }
});

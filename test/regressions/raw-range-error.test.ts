// What no array can hold was a bare RangeError of `snapshot`.
import { expect } from 'chai';
import { attachMemory } from '../../shm/index.js';
import { LIST_BASE, PAGE_SIZE } from '../shm/support/image.js';
import { makeRuntime } from '../shm/support/runtime.js';
import { expectError } from '../support/mp-error.js';

describe('regression: lengths that no array has', () => {
  it('are refused by snapshot, before anything is allocated', () => {
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

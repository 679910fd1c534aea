// What is no handle of a memzone at all ended in a TypeError, and one without bytes in an array that had none.
import { attachShared, type MemzoneHandle } from '../../shm/index.js';
import { expectError } from '../support/mp-error.js';

describe('regression: attachShared of what is no handle', () => {
  const EMPTY = {
    type: 'dpdk-ipc:memzone',
    name: 'Z',
    addr: 0n,
    len: 0,
    writable: false,
    pageSize: 4096,
    offset: 0,
  };

  for (const [what, handle] of Object.entries({
    nothing: undefined,
    null: null,
    'a text': 'text',
    'an empty object': {},
    'a message of others': { type: 'hello', runs: 'none' },
    'no runs': EMPTY,
    'no bytes': { ...EMPTY, runs: [] },
    'runs that are none': { ...EMPTY, len: 8, runs: [{}] },
  })) {
    it(`says so of ${what}`, () => {
      expectError('EINVAL', () => attachShared(handle as MemzoneHandle));
    });
  }
});

// Memzones shared with worker threads through handles.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attachMemory } from '../../../shm/attach/attach.js';
import { attachShared, type MemzoneHandle } from '../../../shm/attach/share.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { expectError } from '../../support/mp-error.js';
import { LIST_BASE, PAGE_SIZE } from '../support/image.js';
import { attachLive, zoneOf } from '../support/live-memory.js';
import { addPage, type FakeRuntime, makeRuntime } from '../support/runtime.js';
import { countInWorkers } from './support/count-in-workers.js';

describe('shm: sharing with threads', () => {
  describeReleases('live', (release) => {
    const scope = peersFor('shm-share', 'test', release);
    const modes: readonly [string, readonly string[], boolean][] = [
      ['default', [], true],
      ['--single-file-segments', ['--single-file-segments'], true],
      ['--no-huge', [], false],
    ];

    before(async function () {
      await needsDpdk(this, { release, hugepages: 8 });
    });

    for (const [mode, args, hugepages] of modes) {
      it(`Atomics of several threads and the C primary see the same counter (${mode})`, async () => {
        const options = { bigZone: false, args, hugepages, memoryMb: hugepages ? 4 : 64 };
        const primary = await scope.start({ role: 'primary', ...options });
        const zone = zoneOf(attachLive(scope), 'SHARED_INFO');
        const expected = await countInWorkers(zone);
        expect(new BigUint64Array(zone.buffer, zone.byteOffset, 3)[2]).to.equal(BigInt(expected));
        expect((await primary.command('stats')).fields.async_request_count).to.equal(String(expected));
      });
    }
  });

  describe('fake', () => {
    let runtime: FakeRuntime;
    const zone = { name: 'Z', addr: LIST_BASE + PAGE_SIZE - 128, len: 256 };

    beforeEach(() => {
      runtime = makeRuntime({ zones: [zone], pages: [0, 1] });
    });

    afterEach(() => runtime.remove());

    it('maps a zone across the border of two pages', () => {
      const memory = attachMemory({ ...runtime, stale: true, writable: true });
      const found = memory.lookup('Z');
      if (found === undefined) throw new Error('Z is there');
      const shared = attachShared(structuredClone(found.share()));
      memory.detach();
      shared.bytes.set([1, 2, 3], 127);
      const again = attachMemory({ ...runtime, stale: true });
      expect([...(again.lookup('Z')?.bytes.subarray(126, 131) ?? [])]).to.deep.equal([0, 1, 2, 3, 0]);
      again.detach();
      shared.detach();
      shared.detach();
      expectError('EBADF', () => shared.bytes);
    });

    it('refuses replaced pages, and changed handles', () => {
      const memory = attachMemory({ ...runtime, stale: true });
      const handle = memory.lookup('Z')?.share();
      memory.detach();
      if (handle === undefined) throw new Error('Z is there');
      renameSync(join(runtime.hugeDir, 'fakemap_1'), join(runtime.hugeDir, 'old'));
      expectError('ENOENT', () => attachShared(handle));
      addPage(runtime, 1);
      expectError('ESTALE', () => attachShared(handle));
      expectError('EINVAL', () => attachShared({ ...handle, len: handle.len + 2 * PAGE_SIZE }));
      expectError('EINVAL', () => attachShared({ ...handle, offset: -1 }));
      expectError('EINVAL', () => attachShared({ ...handle, runs: [] }));
      expectError('EINVAL', () => attachShared({ ...handle, type: 'other' as 'dpdk-ipc:memzone' }));
    });
  });

  describe('attachShared of what is no handle', () => {
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
      it(`throws EINVAL: ${what}`, () => {
        expectError('EINVAL', () => attachShared(handle as MemzoneHandle));
      });
    }
  });
});

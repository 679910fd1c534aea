// Growth of a primary's memory: whoever asked got no answer when something unforeseen failed, and kept its locks for 5 s; pages
// belonged to nobody after a listener threw or a lock was not to be had; locks were taken from processes that lived.
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import {
  encodeMallocRequest,
  type MallocAllocRequest,
  MallocResult,
  MallocType,
} from '../../protocol/eal/malloc.js';
import { decodeMessage, encodeMessage, MpType } from '../../protocol/index.js';
import { Memzones } from '../../shm/heap/memzones.js';
import { serveMallocRequest } from '../../shm/heap/serve-malloc.js';
import { LAYOUTS, type MemConfigLayout } from '../../shm/layout/releases.js';
import { OrphanedLocks } from '../../shm/locks/orphaned-locks.js';
import { interposed } from '../faults/support/fault-plan.js';
import { checkHeap } from '../shm/heap/support/check-heap.js';
import { heapImage } from '../shm/heap/support/heap-image.js';
import { StageScope } from '../support/stage.js';

const MB = 2 ** 20;
const WRITER = 2;
/** offsetof(struct rte_fbarray, count) */
const COUNT = 64;
/** offsetof(struct malloc_heap, alloc_count) */
const ALLOC_COUNT = 128;
const RELEASE = { version: '24.11.0', versionWord: 0x180b0063, dialect: '332/253' } as const;
const REQUEST: MallocAllocRequest = {
  type: MallocType.ALLOC,
  id: 9n,
  heapIndex: 0,
  pageSize: BigInt(2 * MB),
  eltSize: BigInt(3 * MB),
  socketId: 0,
  flags: 0,
  align: 64n,
  bound: 0n,
  contiguous: false,
};

function layoutOf(versionWord: number): MemConfigLayout {
  const found = LAYOUTS.findLast(({ firstWord }) => firstWord <= versionWord);
  if (found === undefined) throw new RangeError('no layout');
  return found;
}

describe('regression: growth that something unforeseen ends', () => {
  const scope = new StageScope();

  it('is refused, and reported', async () => {
    const { stage } = scope;
    const primary = await scope.keep(
      openPrimary({ ...stage.options, memory: { hugepages: 0, version: RELEASE.version } }),
    );
    const errors: unknown[] = [];
    primary.on('error', (error) => {
      errors.push(error);
    });
    const secondary = stage.socket('mp_socket_1_1');
    setHotplugLock(WRITER);
    const request = { name: 'mp_malloc_request', param: encodeMallocRequest(REQUEST) };
    secondary.send(encodeMessage(RELEASE.dialect, MpType.MSG, request), [], stage.primaryPath);
    await interposed(
      (name) => (name === 'mmap' ? 'EPERM' : undefined),
      async () => {
        let datagram = secondary.receive();
        for (; typeof datagram !== 'object'; datagram = secondary.receive()) await turn();
        const { name, param } = decodeMessage(RELEASE.dialect, datagram.bytes);
        expect(name).to.equal('mp_malloc_response');
        expect(param[72]).to.equal(MallocResult.FAIL);
      },
    );
    setHotplugLock(0);
    expect(errors.map((error) => (error as { code: string }).code)).to.deep.equal(['EPERM']);
    expect(primary.memory.memsegs()).to.have.length(1);
  });

  function setHotplugLock(word: number): void {
    const fd = openSync(`${scope.stage.directory}/config`, 'r+');
    writeSync(fd, new Int32Array([word]), 0, 4, layoutOf(RELEASE.versionWord).offsets.memoryHotplugLock);
    closeSync(fd);
  }
});

describe('regression: pages that belong to nobody', () => {
  it('are taken back when a listener throws meanwhile', () => {
    const image = heapImage({
      sync() {
        throw new RangeError("a listener's");
      },
    });
    expect(() => new Memzones(image.space).reserve('LARGE', 9 * MB)).to.throw(RangeError);
    expect(checkHeap(image.space)).to.deep.equal([]);
  });

  it('stay in the heap when nobody lets us remove them', () => {
    const { space } = heapImage();
    const { config, layout } = space;
    const zones = new Memzones(space);
    zones.reserve('LARGE', 9 * MB);
    config.setInt32(layout.offsets.memoryHotplugLock, WRITER, true);
    zones.free('LARGE');
    config.setInt32(layout.offsets.memoryHotplugLock, 0, true);
    expect(zones.find('LARGE')).to.equal(undefined);
    expect(checkHeap(space)).to.deep.equal([]);
    zones.reserve('AGAIN', 9 * MB);
    expect(checkHeap(space)).to.deep.equal([]);
  });

  it('are not given to a heap that this process itself changes by now', () => {
    const image = heapImage();
    const { config, layout } = image.space;
    config.setInt32(layout.offsets.memoryHotplugLock, WRITER, true);
    const before = image.freeBytes();
    const request = { ...REQUEST, pageSize: BigInt(MB / 4) };
    let looks = 0;
    // the secondary gives up while it is served, and another thread of ours takes the lock
    const response = serveMallocRequest(image.space, encodeMallocRequest(request), () => looks++ > 0);
    config.setInt32(layout.offsets.memoryHotplugLock, 0, true);
    expect(response[72]).to.equal(MallocResult.FAIL);
    expect(image.synced).to.deep.equal(['mp_malloc_sync', 'mp_malloc_rollback']);
    expect(image.freeBytes()).to.equal(before);
    expect(checkHeap(image.space)).to.deep.equal([]);
  });
});

describe('regression: locks that a dead process may have left', () => {
  /** Has them all but all of the time, and changes what they guard, as a crowd of processes does. */
  const CROWD = `
    const { words, locks, guarded } = require('node:worker_threads').workerData;
    for (;;) {
      for (const [index, word] of locks) Atomics.store(words, index, word);
      for (const index of guarded) Atomics.add(words, index, 1);
      for (let i = 0; i < 5000; i++) Atomics.load(words, 0);
      for (const [index] of locks) Atomics.store(words, index, 0);
    }`;

  it('are not released while living processes take them in turn', async () => {
    const layout = layoutOf(RELEASE.versionWord);
    const words = new Int32Array(new SharedArrayBuffer(layout.size));
    const { memzones, mlock, mallocHeaps } = layout.offsets;
    const locks = [
      [mlock / 4, WRITER],
      [mallocHeaps / 4, 1],
    ];
    const guarded = [(memzones + COUNT) / 4, (mallocHeaps + ALLOC_COUNT) / 4];
    const crowd = new Worker(CROWD, { eval: true, workerData: { words, locks, guarded } });
    try {
      await once(crowd, 'online');
      const orphaned = new OrphanedLocks({ layout, config: new DataView(words.buffer), heap: 0 });
      const released: string[] = [];
      const end = performance.now() + 1500; // it takes 1000 to call one orphaned
      for (let names: readonly string[] | undefined = []; names !== undefined; await delay(20)) {
        names = orphaned.look(performance.now(), false);
        released.push(...(names ?? []));
        if (performance.now() > end) break;
      }
      expect(released).to.deep.equal([]);
    } finally {
      await crowd.terminate();
    }
  });
});

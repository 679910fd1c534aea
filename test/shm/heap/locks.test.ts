// Locks that another process holds, and what an attempt leaves.
import { expect } from 'chai';
import { FbarrayTable } from '../../../shm/heap/fbarray-table.js';
import { Heap } from '../../../shm/heap/heap.js';
import { Memzones } from '../../../shm/heap/memzones.js';
import { RwLock } from '../../../shm/locks/rwlock.js';
import { SharedLocks } from '../../../shm/locks/shared-locks.js';
import { interpose } from '../../../sys/libc.js';
import { expectError } from '../../support/mp-error.js';
import { heapImage } from './support/heap-image.js';

const READER = 4; // rte_rwlock.h since 22.11
const WRITER = 2;
/** offsetof(struct rte_fbarray, rwlock), rte_fbarray.h; sizeof(struct rte_memzone). */
const [LOCK_OF_ARRAY, ZONE_SIZE] = [88, 72];

describe('shm heap: locks', () => {
  const held: readonly [string, 'mallocHeaps' | 'mlock', number, RegExp][] = [
    ["a heap's", 'mallocHeaps', 1, /malloc_heaps\[0\]\.lock/],
    ["the memzone table's, of a writer", 'mlock', WRITER, /mlock/],
    ["the memzone table's, of a reader", 'mlock', READER, /mlock/],
  ];
  for (const [what, offset, word, message] of held) {
    it(`gives up waiting for a lock that is never released: ${what}`, () => {
      const { space, layout } = heapImage();
      const at = layout.offsets[offset];
      space.config.setInt32(at, word, true);
      const error = expectError('ETIMEDOUT', () => new Memzones(space).reserve('ZONE', 100));
      expect(error.message)
        .to.match(message)
        .and.match(/died with the lock/);
      // the attempt changed nothing, or readers would wait for this process
      expect(space.config.getInt32(at, true)).to.equal(word);
      space.config.setInt32(at, 0, true);
      expect(new Memzones(space).reserve('ZONE', 100)).to.equal(0);
    });
  }

  it('goes on as soon as the lock is released', () => {
    const { space, layout } = heapImage();
    const waits: number[] = [];
    const whileWaiting = (ms: number) => {
      waits.push(ms);
      if (waits.length === 3) space.config.setInt32(layout.offsets.mallocHeaps, 0, true);
    };
    const locks = new SharedLocks({ layout, config: space.config, path: 'config', whileWaiting });
    space.config.setInt32(layout.offsets.mallocHeaps, 1, true);
    expect(new Heap({ ...space, locks }).allocate(100)).to.be.a('number');
    expect(waits.length).to.equal(3);
    expect(waits.every((ms) => ms > 0)).to.equal(true);
  });

  it('releases every lock when the section throws', () => {
    const { space, layout } = heapImage();
    const { locks, config } = space;
    const fail = () => {
      throw new Error('on purpose');
    };
    expect(() => locks.mlock(() => locks.heap(0, () => locks.hotplug(fail)))).to.throw('on purpose');
    const { mlock, mallocHeaps, memoryHotplugLock } = layout.offsets;
    expect([mlock, mallocHeaps, memoryHotplugLock].map((at) => config.getInt32(at, true))).to.deep.equal([
      0, 0, 0,
    ]);
  });

  it("holds signals off while it changes an array, not while it waits for the array's lock", () => {
    const { space, layout } = heapImage();
    const offset = layout.offsets.memzones;
    const file = space.memzones;
    const table = new FbarrayTable({ ...space, layout, offset, eltSize: ZONE_SIZE, file, path: 'memzone' });
    const calls: string[] = [];
    interpose((name, call) => (...args) => {
      calls.push(name);
      if (name === 'poll') space.config.setInt32(offset + LOCK_OF_ARRAY, 0, true);
      return call(...args);
    });
    try {
      space.config.setInt32(offset + LOCK_OF_ARRAY, WRITER, true);
      table.setUsed(3);
    } finally {
      interpose(undefined);
    }
    const slept = calls.indexOf('poll');
    expect(slept).to.be.above(0);
    const [waiting, changing] = [calls.slice(0, slept), calls.slice(slept + 1)];
    // as many handlers are put back as were replaced
    expect(waiting.length % changing.length).to.equal(0);
    expect(new Set([...waiting, ...changing])).to.deep.equal(new Set(['sigaction']));
    expect([table.has(3), table.count]).to.deep.equal([true, 1]);
  });

  for (const [format, reader, writer] of [
    ['flag-bits', READER, WRITER],
    ['signed-count', 1, -1],
  ] as const) {
    it(`keeps readers and writers out while a writer holds a rwlock (${format})`, () => {
      const words = new Int32Array(1);
      const lock = new RwLock(words, 0, format);
      expect(lock.tryWrite()).to.equal(true);
      expect(words[0]).to.equal(writer);
      expect(lock.isTaken).to.equal(true);
      expect(lock.tryWrite()).to.equal(false);
      expect(lock.tryRead(() => 1)).to.equal(undefined);
      lock.releaseWrite();
      expect(words[0]).to.equal(0);
      expect(lock.tryRead(() => lock.tryWrite())).to.deep.equal({ result: false });
      words[0] = reader;
      expect(lock.tryWrite()).to.equal(false);
      expect(words[0]).to.equal(reader);
    });
  }

  it('lets a writer take the lock that another one waits for', () => {
    const words = new Int32Array([1]); // rte_rwlock.h: a writer waits, and no reader is inside
    expect(new RwLock(words, 0, 'flag-bits').tryWrite()).to.equal(true);
    expect(words[0]).to.equal(WRITER);
  });
});

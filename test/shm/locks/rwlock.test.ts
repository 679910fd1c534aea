// Both formats of the lock, and failures that must not leave it taken: no DPDK needed.
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as tick } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { attachMemory } from '../../../shm/attach/attach.js';
import type { SharedMemory } from '../../../shm/attach/shared-memory.js';
import { RwLock } from '../../../shm/locks/rwlock.js';
import { expectError } from '../../support/mp-error.js';
import { LIST_BASE } from '../support/image.js';
import { liveLock } from '../support/live-memory.js';
import { type FakeRuntime, makeRuntime, pretendAlive } from '../support/runtime.js';

const WRITER = 2; // rte_rwlock.h since 22.11: a writer holds the lock

describe('shm: locks', () => {
  const undo: (() => unknown)[] = [];
  const defer = (action: () => unknown) => undo.push(action);

  afterEach(() => {
    for (const action of undo.splice(0).reverse()) action();
  });

  function attachFake(made: FakeRuntime): SharedMemory {
    const memory = attachMemory({ ...made, writable: true });
    defer(() => memory.detach());
    return memory;
  }

  function fakePrimary(): FakeRuntime {
    const made = makeRuntime({ zones: [{ name: 'Z', addr: LIST_BASE, len: 64 }], pages: [0] });
    defer(() => made.remove());
    defer(pretendAlive(made));
    return made;
  }

  it('M25: reads whole pairs in the format up to 22.07, against a writer in another thread', async () => {
    const rounds = 200_000;
    const words = new Int32Array(new SharedArrayBuffer(12));
    const lock = new RwLock(words, 0, 'signed-count');
    const writer = new Worker(new URL('./support/rwlock-writer.ts', import.meta.url), {
      workerData: { words, rounds },
    });
    let done = false;
    void once(writer, 'message').then(() => {
      done = true;
    });
    let torn = 0;
    while (!done) {
      for (let i = 0; i < 100; i++) {
        const seen = lock.isTaken ? undefined : lock.tryRead(() => words[1] === words[2]);
        if (seen?.result === false) torn++;
      }
      await tick();
    }
    await writer.terminate();
    expect([...words]).to.deep.equal([0, rounds, rounds]);
    expect(torn).to.equal(0);
  });

  const formats = [
    ['signed-count', -1, [0, 1, 7], 1],
    ['flag-bits', WRITER, [0, 4, 28], 4],
  ] as const;
  for (const [format, writer, free, reader] of formats) {
    it(`M25: ${format}: counts readers, which a writer keeps out`, () => {
      const words = new Int32Array(2);
      const lock = new RwLock(words, 4, format);
      for (const word of free) {
        words[1] = word;
        expect(lock.tryRead(() => words[1])?.result).to.equal(word + reader);
        expect(words[1]).to.equal(word);
      }
      words[1] = writer;
      expect(lock.isTaken).to.equal(true);
      expect(lock.tryRead(() => 1)).to.equal(undefined);
      expect(words[1]).to.equal(writer);
    });

    it(`M29: ${format}: releases the lock after an exception`, () => {
      const words = new Int32Array(1);
      const lock = new RwLock(words, 0, format);
      expect(() =>
        lock.tryRead(() => {
          throw new RangeError('inside');
        }),
      ).to.throw(RangeError, 'inside');
      expect(words[0]).to.equal(0);
    });
  }

  it('M25: keeps new readers out while a writer waits, since 22.11', () => {
    const words = new Int32Array([4 | 1]);
    expect(new RwLock(words, 0, 'flag-bits').tryRead(() => 1)).to.equal(undefined);
    expect(words[0]).to.equal(5);
  });

  it('M29: throws ELAYOUT for a damaged table, and releases the lock', () => {
    const made = fakePrimary();
    const mlock = liveLock({ defer }, made.path, 'mlock');
    const memory = attachFake(made);
    expect(memory.lookup('Z')?.len).to.equal(64);
    writeFileSync(join(made.path, 'fbarray_memzone'), Buffer.alloc(188_416, 0xff));
    expectError('ELAYOUT', () => memory.lookup('Z'));
    expectError('ELAYOUT', () => memory.memzones());
    expect(mlock.word()).to.equal(0);
  });

  it('M4: waits for a primary that is starting', () => {
    const made = makeRuntime({ magic: 0, zones: [{ name: 'Z', addr: LIST_BASE, len: 64 }], pages: [0] });
    defer(() => made.remove());
    defer(pretendAlive(made));
    let waits = 0;
    const whileWaiting = () => {
      waits++;
      if (waits === 5) liveMagic(made);
    };
    expectError('EAGAIN', () => attachMemory({ ...made, startTimeoutMs: 0, whileWaiting }));
    const memory = attachMemory({ ...made, whileWaiting });
    defer(() => memory.detach());
    expect(waits).to.equal(5);
    expect(memory.lookup('Z')?.name).to.equal('Z');
  });

  it('M4: takes a primary whose start failed for a dead one', () => {
    const made = makeRuntime({ magic: 0 });
    defer(() => made.remove());
    expectError('ENOPRIMARY', () => attachMemory(made));
    expectError('ENOPRIMARY', () => attachMemory({ ...made, stale: true }));
  });
});

/** Writes the magic, which completes the start of a fake primary. */
function liveMagic(made: FakeRuntime): void {
  const path = join(made.path, 'config');
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.from([0xee, 0x6f, 0x2e, 0x01]), 0, 4, 0);
  closeSync(fd);
}

// The heap of a living C primary, used from both sides.
import { setImmediate as tick } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Heap } from '../../../shm/heap/heap.js';
import { Memzones } from '../../../shm/heap/memzones.js';
import type { CProcess } from '../../support/c-process.js';
import { sharedDescriptors } from '../../support/descriptor-hooks.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { expectError } from '../../support/mp-error.js';
import { patternErrors, patternFill, zoneOf } from '../support/live-memory.js';
import { run, startSource } from '../support/stress.js';
import { checkHeap } from './support/check-heap.js';
import { Churn, randomNumbers } from './support/churn.js';
import { type LiveSpace, liveSpace } from './support/live-space.js';

const HEAP_PEER = fileURLToPath(new URL('./peers/heap.c', import.meta.url));

/** DPDK_IPC_CHURN=100 makes the suite run a hundred times as long. */
const CHURN = Number(process.env.DPDK_IPC_CHURN ?? 1);
const C_STEPS = 20_000 * CHURN;
const NODE_STEPS = 1000 * CHURN;
const CROSSINGS = 300;

const MODES: readonly Mode[] = [
  { mode: '--legacy-mem', pages: 'fixed', args: ['--legacy-mem'], brief: false },
  { mode: 'pages that come and go', pages: 'changing', args: [], brief: false },
  { mode: '--iova-mode=va', pages: 'changing', args: ['--iova-mode=va'], brief: true },
];

interface Mode {
  readonly mode: string;
  readonly pages: 'fixed' | 'changing';
  readonly args: readonly string[];
  /** Whether only the tests run that depend on the mode. */
  readonly brief: boolean;
}

for (const { mode, pages, args, brief } of MODES) {
  describeReleases(`shm heap: used with C, ${mode}`, (release) => {
    const scope = peersFor('heap', 'suite', release);
    sharedDescriptors(); // after peersFor: compares once the scope has ended
    let peer: CProcess;
    let live: LiveSpace;
    let zones: Memzones;
    let heap: Heap;

    before(async function () {
      await needsDpdk(this, { release, hugepages: 24 });
      peer = await startSource(scope, 'heap', HEAP_PEER, { memoryMb: 16, args });
      live = liveSpace(scope, pages);
      zones = new Memzones(live.space);
      heap = new Heap(live.space);
    });

    /** A test after which the heap must be whole, and C's statistics those of Node. */
    function test(title: string, body: () => Promise<void>): void {
      it(title, async function () {
        this.timeout(CHURN > 1 ? 600_000 : 60_000);
        await body();
        expect(checkHeap(live.space)).to.deep.equal([]);
        expect(live.locks()).to.deep.equal([0, 0, 0]);
        await expectSameStats();
      });
    }

    async function expectSameStats(): Promise<void> {
      const { fields } = await run(peer, 'heapstats 0');
      const ours = heap.stats().find(({ socketId }) => socketId === 0);
      expect({
        total: Number(fields.total),
        free: Number(fields.free),
        greatest: Number(fields.greatest),
        freeCount: Number(fields.free_count),
        allocCount: Number(fields.alloc_count),
        alloc: Number(fields.alloc),
      }).to.deep.equal({
        total: ours?.totalBytes,
        free: ours?.freeBytes,
        greatest: ours?.greatestFreeBytes,
        freeCount: ours?.freeCount,
        allocCount: ours?.allocCount,
        alloc: ours?.allocBytes,
      });
    }

    test('lets C find, read, write and free what Node reserves', async () => {
      const { addr, len, iova } = zones.read(zones.reserve('OURS', 5000));
      const { fields } = await run(peer, 'lookup OURS');
      expect([fields.addr, fields.len, fields.iova]).to.deep.equal([
        `0x${addr.toString(16)}`,
        '5056',
        `0x${iova.toString(16)}`,
      ]);
      expect(len).to.equal(5056);
      patternFill(zoneOf(live.memory, 'OURS').bytes, 3);
      expect((await run(peer, 'verify OURS 3')).fields.bad).to.equal('0');
      await run(peer, 'fill OURS 4');
      expect(patternErrors(zoneOf(live.memory, 'OURS').bytes, 4)).to.equal(0);
      expect((await run(peer, 'free OURS')).fields.ret).to.equal('0');
      expectError('ENOENT', () => zones.free('OURS'));
    });

    test('lets both sides reserve, allocate and free at the same time', async () => {
      const churn = new Churn(live.space, 40, 77);
      const before = heap.stats();
      const done = run(peer, `churn 99 ${C_STEPS} 40`, 60_000 * CHURN);
      let isOver = false;
      void done.finally(() => {
        isOver = true;
      });
      for (let steps = 0; !isOver || steps < NODE_STEPS; steps++) {
        churn.step();
        if (steps % 50 === 0) await tick();
      }
      const { fields } = await done;
      churn.freeAll();
      expect([churn.bad, fields.bad]).to.deep.equal([0, '0']);
      expect(churn.failed).to.be.lessThan(churn.taken / 2);
      if (pages === 'fixed') expect(heap.stats()).to.deep.equal(before);
    });

    if (brief) return;

    test("finds nothing wrong with C's own heap", async () => {
      await run(peer, 'churn 7 2000 40');
      expect(checkHeap(live.space)).to.deep.equal([]);
    });

    test('frees what C reserved', async () => {
      const { fields } = await run(peer, 'full THEIRS 1500000 -1 0 64 0');
      const index = zones.find('THEIRS');
      expect(zones.read(index ?? -1).addr).to.equal(Number(fields.addr));
      zones.free({ name: 'THEIRS', addr: Number(fields.addr) });
      expect((await run(peer, 'lookup THEIRS')).fields.ret).to.equal('-1');
    });

    test('lets each side free what the other took, in any order', async () => {
      const random = randomNumbers(11);
      const owners = new Map<string, number>();
      for (let i = 0; i < CROSSINGS; i++) {
        const name = `CROSS_${random() % 12}`;
        const addr = owners.get(name);
        const byNode = random() % 2 === 0;
        if (addr !== undefined) {
          if (byNode) zones.free({ name, addr });
          else expect((await run(peer, `free ${name}`)).fields.ret).to.equal('0');
          owners.delete(name);
          continue;
        }
        const len = 1 + (random() % 60_000);
        if (byNode) owners.set(name, zones.read(zones.reserve(name, len)).addr);
        else owners.set(name, Number((await run(peer, `full ${name} ${len} -1 0 64 0`)).fields.addr));
      }
      for (const [name, addr] of owners) zones.free({ name, addr });
    });

    test('frees blocks that rte_zmalloc finds zero', async () => {
      const churn = new Churn(live.space, 20, 5);
      for (let step = 0; step < 100; step++) churn.step();
      churn.freeAll();
      for (const size of [100, 5000, 1_000_000, 1_800_000]) {
        const { fields } = await run(peer, `zmalloc ${size} 64`);
        expect([fields.bad, fields.addr === '(nil)']).to.deep.equal(['0', false]);
        heap.release(Number(fields.addr));
      }
    });

    test('allocates blocks that rte_free takes, and frees those of rte_malloc', async () => {
      for (const [size, align] of [
        [1, 1],
        [1000, 4096],
        [200_000, 64],
        [3000, 65_536],
      ] as const) {
        const ours = heap.allocate(size, { align });
        const { fields } = await run(peer, `mfree ${ours}`);
        expect(fields.valid).to.equal('0');
        expect(Number(fields.size)).to.be.at.least(size);
        heap.release(Number((await run(peer, `malloc ${size} ${align}`)).fields.addr));
      }
    });

    test('places blocks where C does', async () => {
      const requests = [
        [5000, 64, 0],
        [100, 4096, 0],
        [700, 64, 1024],
        [60_000, 256, 65_536],
        [0, 64, 2048],
        [1_500_000, 64, 0],
      ] as const;
      for (const [len, align, bound] of requests) {
        const { fields } = await run(peer, `full SAME ${len} 0 0 ${align} ${bound}`);
        expect((await run(peer, 'free SAME')).fields.ret).to.equal('0');
        const { addr, len: found } = zones.read(zones.reserve('SAME', len, { socketId: 0, align, bound }));
        expect([`0x${addr.toString(16)}`, String(found)]).to.deep.equal([fields.addr, fields.len]);
        zones.free('SAME');
      }
    });

    test('reserves a largest zone as large as that of C', async () => {
      const { fields } = await run(peer, 'full ALL 0 0 0 64 0');
      expect(Number(fields.len)).to.be.greaterThan(1_000_000);
      zones.free('ALL');
      expect(zones.read(zones.reserve('ALL', 0)).len).to.equal(Number(fields.len));
      expect((await run(peer, 'free ALL')).fields.ret).to.equal('0');
    });

    test('refuses what C refuses, with the same code', async () => {
      const refused = [
        ['ZONE', 100, -1, 0, 3, 0],
        ['ZONE', 100, -1, 0, 64, 96],
        ['ZONE', 5000, -1, 0, 64, 4096],
        ['ZONE', 100, -2, 0, 64, 0],
        ['ZONE', 100, -1, 0x80000000, 64, 0],
        ['ZONE', 100, 77, 0, 64, 0],
        ['ZONE', 100, -1, 2, 64, 0], // there are no pages of 1 GiB
        ['A_NAME_THAT_HAS_EXACTLY_32_BYTES', 100, -1, 0, 64, 0],
      ] as const;
      for (const [name, len, socketId, flags, align, bound] of refused) {
        const { fields } = await run(peer, `full ${name} ${len} ${socketId} ${flags} ${align} ${bound}`);
        expectError(fields.errno ?? 'none', () =>
          zones.reserve(name, len, { socketId, flags, align, bound }),
        );
      }
      await run(peer, 'full TAKEN 100 -1 0 64 0');
      expectError('EEXIST', () => zones.reserve('TAKEN', 100));
      zones.free('TAKEN');
    });
  });
}

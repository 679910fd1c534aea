import { attachMemory, type Memzone, type SharedMemory } from '../../shm/index.js';
import type { Growth, Measure } from '../harness/result.js';
import type { Row, Stage } from '../harness/stage.js';
import { type Contender, onMainCpu, p50, ratio, takeTurns, timeSync } from '../harness/turns.js';

const HELD = 'lookup, of a zone that is mapped';
const SEARCH = 'lookup, search of the whole table';
const C_LOOKUP = 'C rte_memzone_lookup';
const VIEW = 'Uint8Array.set from a view';
const SNAPSHOT = 'snapshot, into an array';
const FRESH_SNAPSHOT = 'snapshot';
const MEMCPY = 'C memcpy';
const KERNEL = 'C process_vm_readv';
const FRESH = 'C malloc, memcpy, free';
const BIG = 'bench_big';
/** More than fits into a processor's caches. */
const BIG_BYTES = 64 * 1024 * 1024;
/** Lookups for one sample: a single one is too short for the clock. */
const BATCH = 20;

export const memzones: Row = {
  number: 8,
  title: 'Memzones',
  method:
    'The kernel copies a snapshot (process_vm_readv), so that a bad page gives an error instead of SIGBUS. Lookups: the ' +
    `mean of ${BATCH} in a row is one sample; the zone is the last of the table. Bandwidth: copies of a zone of 64 MiB ` +
    'into our own memory, which malloc and snapshot allocate each time.',

  async measure(stage) {
    await stage.primary.command(`reserve ${BIG} ${BIG_BYTES}`);
    using memory = attachMemory({ filePrefix: stage.filePrefix });
    const measures: Measure[] = [];
    for (const zones of stage.sizes.zones) measures.push(...(await lookups(stage, memory, zones)));
    measures.push(...(await attaching(stage)));
    measures.push(...(await copying(stage, memory)));
    const { zones } = stage.sizes;
    const copies = 'copy of 64 MiB';
    return {
      measures,
      verdicts: [
        ...zones.map((count) => ({
          what: `lookup of a mapped zone, ${count} zones`,
          value: p50(measures, variantOf(count), HELD),
          bar: { kind: 'at most' as const, limit: 5000 },
          unit: 'ns' as const,
        })),
        {
          what: 'bandwidth through a view to memcpy',
          value: ratio(measures, copies, MEMCPY, VIEW),
          bar: { kind: 'at least', limit: 0.9 },
        },
        {
          what: 'bandwidth of snapshot to malloc, memcpy, free in C',
          value: ratio(measures, copies, FRESH, FRESH_SNAPSHOT),
          bar: { kind: 'at least', limit: 0.9 },
        },
        {
          what: 'bandwidth of snapshot into an array to memcpy',
          value: ratio(measures, copies, MEMCPY, SNAPSHOT),
          bar: { kind: 'at least', limit: 0.9 },
        },
        {
          what: 'bandwidth of snapshot into an array to process_vm_readv in C',
          value: ratio(measures, copies, KERNEL, SNAPSHOT),
          bar: { kind: 'at least', limit: 0.9 },
        },
      ],
      notes: [
        `The kernel's copy limits snapshot into an array: process_vm_readv in C reaches ${ratio(measures, copies, MEMCPY, KERNEL).toFixed(2)} of memcpy. With it a missing page gives an error instead of SIGBUS; a view reads at full speed.`,
      ],
      growths: [growthOf(zones, measures)],
    };
  },
};

function variantOf(zones: number): string {
  return `${zones} zones`;
}

async function lookups(stage: Stage, memory: SharedMemory, zones: number): Promise<Measure[]> {
  await stage.primary.command(`zones ${zones}`);
  const name = `bench_zone_${zones - 1}`;
  const held = zoneOf(memory, name);
  const { byteLength } = held.bytes; // maps it
  const batched = (action: () => void) => async (count: number) => {
    const times = timeSync(count, () => {
      for (let i = 0; i < BATCH; i++) action();
    });
    return times.map((time) => time / BATCH);
  };
  const contenders: Contender[] = [
    onMainCpu({ name: HELD, run: batched(() => zoneOf(memory, name)) }),
    onMainCpu({ name: SEARCH, run: batched(() => memory.lookup(`bench_zone_${byteLength}_none`)) }),
    { name: C_LOOKUP, run: (count) => stage.secondary.samples(`lookup ${name} ${count} ${BATCH}`) },
  ];
  const sizes = { ...stage.sizes, samples: Math.ceil(stage.sizes.samples / BATCH) };
  return takeTurns(contenders, { what: 'lookup', variant: variantOf(zones), sizes });
}

function zoneOf(memory: SharedMemory, name: string): Memzone {
  const zone = memory.lookup(name);
  if (zone === undefined) throw new Error(`the primary has no memzone ${name}`);
  return zone;
}

function attaching({ filePrefix, sizes }: Stage): Promise<Measure[]> {
  const attach = () => attachMemory({ filePrefix }).detach();
  const attachAndMap = () => {
    using memory = attachMemory({ filePrefix });
    zoneOf(memory, 'bench_zone_0').bytes[0];
  };
  return takeTurns(
    [
      onMainCpu({ name: 'attachMemory', run: async (count) => timeSync(count, attach) }),
      onMainCpu({
        name: 'attachMemory, and the first byte of a zone',
        run: async (count) => timeSync(count, attachAndMap),
      }),
    ],
    { what: 'attach', variant: 'attach', sizes: { ...sizes, samples: sizes.copies, warmUp: 5 } },
  );
}

async function copying(stage: Stage, memory: SharedMemory): Promise<Measure[]> {
  const zone = zoneOf(memory, BIG);
  const { bytes } = zone;
  const target = new Uint8Array(bytes.length);
  const copies = stage.sizes.copies;
  const measures = await takeTurns(
    [
      onMainCpu({ name: VIEW, run: async (count) => timeSync(count, () => target.set(bytes)) }),
      { name: MEMCPY, run: (count) => stage.secondary.samples(`copy ${BIG} ${count} 0`) },
      onMainCpu({
        name: SNAPSHOT,
        run: async (count) => timeSync(count, () => memory.snapshot(zone, { into: target })),
      }),
      onMainCpu({ name: FRESH_SNAPSHOT, run: async (count) => timeSync(count, () => memory.snapshot(zone)) }),
      { name: KERNEL, run: (count) => stage.secondary.samples(`copy ${BIG} ${count} 2`) },
      { name: FRESH, run: (count) => stage.secondary.samples(`copy ${BIG} ${count} 1`) },
    ],
    { what: 'copies', variant: 'copy of 64 MiB', sizes: { ...stage.sizes, samples: copies, warmUp: 5 } },
  );
  const rates = measures.map(
    ({ contender, count, p50: ns }): Measure => ({
      contender,
      variant: 'bandwidth',
      unit: 'GB/s',
      count,
      p50: bytes.length / ns,
    }),
  );
  return [...measures, ...rates];
}

function growthOf(xs: readonly number[], measures: readonly Measure[]): Growth {
  const lines = [HELD, SEARCH, C_LOOKUP].map((name) => ({
    name,
    ys: xs.map((zones) => p50(measures, variantOf(zones), name)),
  }));
  return { title: 'Lookup, p50', x: 'zones', y: 'ns', xs, lines };
}

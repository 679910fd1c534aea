// Measures row 7's codec in a process where no other code has made garbage: `codec.ts OPERATIONS` sends the measures to the
// process that forked it.
import { DIALECTS, decodeMessage, encodeMessage, MpType } from '../../protocol/index.js';
import { collectGarbage, heapBytes } from '../harness/heap.js';
import { median } from '../harness/histogram.js';
import type { Measure } from '../harness/result.js';
import { PARAM_SIZES } from '../harness/stage.js';

const DIALECT = '332/8';
const BATCHES = 20;
/** Operations without a garbage collection between them. */
const ALLOCATING = 500;

function measureAll(operations: number): Measure[] {
  return PARAM_SIZES.flatMap((size) =>
    actions(size).flatMap(([contender, action]): Measure[] => {
      const variant = `${size} B`;
      return [
        { contender, variant, unit: 'ns', count: operations, p50: time(action, operations) },
        {
          contender,
          variant: `${variant}, allocated`,
          unit: 'bytes',
          count: ALLOCATING,
          p50: allocatedBy(action),
        },
      ];
    }),
  );
}

/** Keeps the last result, so that V8 can't leave its computation out. */
const kept: { result?: unknown } = {};

function keep(result: unknown): void {
  kept.result = result;
}

function actions(size: number): [string, () => void][] {
  const message = { name: 'echo', param: new Uint8Array(size) };
  const out = new Uint8Array(DIALECTS[DIALECT].wireLength);
  const datagram = encodeMessage(DIALECT, MpType.REQ, message);
  const encode = (into?: Uint8Array) => encodeMessage(DIALECT, MpType.REQ, message, into);
  return [
    ['encode', () => keep(encode())],
    ['encode into out', () => keep(encode(out))],
    ['decode', () => keep(decodeMessage(DIALECT, datagram, 0))],
    ['encode into out, decode', () => keep(decodeMessage(DIALECT, encode(out), 0))],
  ];
}

function time(action: () => void, count: number): number {
  const perBatch = Math.ceil(count / BATCHES);
  const batch = () => {
    const start = performance.now();
    for (let i = 0; i < perBatch; i++) action();
    return ((performance.now() - start) * 1e6) / perBatch;
  };
  batch();
  return median(Array.from({ length: BATCHES }, batch));
}

function allocatedBy(action: () => void): number {
  const batch = () => {
    collectGarbage();
    const before = heapBytes();
    for (let i = 0; i < ALLOCATING; i++) action();
    return (heapBytes() - before) / ALLOCATING;
  };
  const empty = heapBytes();
  const overhead = (heapBytes() - empty) / ALLOCATING;
  batch();
  const found = Math.max(0, median(Array.from({ length: 5 }, batch)) - overhead);
  keep(undefined);
  return found;
}

process.send?.(measureAll(Number(process.argv[2])));

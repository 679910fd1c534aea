import type { MpChannel } from '../../lib/index.js';
import { DIALECTS, decodeMessage, encodeMessage, MpType } from '../../protocol/index.js';
import { collectGarbage, heapBytes } from '../harness/heap.js';
import { median } from '../harness/histogram.js';
import { progress } from '../harness/progress.js';
import type { Measure } from '../harness/result.js';
import { PARAM_SIZES } from '../harness/stage.js';
import { p50 } from '../harness/turns.js';
import type { Row } from './row.js';

const DIALECT = '332/8';
const BATCHES = 20;
/** Few enough that no collection comes in between. */
const ALLOCATING = 500;
const BOTH = 'encode into out, decode';
const HEAP = 'heap';
/** What the engine itself comes and goes by. */
const NOISE = 256 * 1024;

export const codec: Row = {
  number: 7,
  title: 'Codec',
  method:
    'Datagrams of the dialect 332/8, in batches; the median batch. Bytes are what one operation allocates, on the heap ' +
    'and beside it. The growth of the heap is measured between two full collections.',

  async measure(stage) {
    const { codecOperations, heapRequests } = stage.sizes;
    const measures: Measure[] = [];
    for (const size of PARAM_SIZES) {
      for (const [contender, action] of actions(size)) {
        progress(`codec, ${size} B: ${contender}`);
        const variant = `${size} B`;
        measures.push({
          contender,
          variant,
          unit: 'ns',
          count: codecOperations,
          p50: time(action, codecOperations),
        });
        const bytes = allocatedBy(action);
        measures.push({
          contender,
          variant: `${variant}, allocated`,
          unit: 'bytes',
          count: ALLOCATING,
          p50: bytes,
        });
      }
    }
    await using channel = await stage.open();
    const growth = growthOver(channel, heapRequests);
    const what = `${heapRequests.toLocaleString('en')} requestSync`;
    measures.push({ contender: what, variant: HEAP, unit: 'bytes', count: heapRequests, p50: growth });
    return {
      measures,
      verdicts: [
        {
          what: 'encode plus decode, 16 B',
          value: p50(measures, '16 B', BOTH),
          bar: { kind: 'at most', limit: 1000 },
          unit: 'ns',
        },
        {
          what: `growth of the heap over ${what}`,
          value: growth,
          bar: { kind: 'at most', limit: NOISE },
          unit: 'bytes',
        },
      ],
    };
  },
};

/** Where results go, so that they are made. */
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
    [BOTH, () => keep(decodeMessage(DIALECT, encode(out), 0))],
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

function growthOver(channel: MpChannel, requests: number): number {
  const message = { name: 'echo', param: new Uint8Array(16) };
  const ask = (count: number, from = 0) => {
    for (let i = 0; i < count; i++) {
      channel.requestSync(message);
      if (i % 50_000 === 0) progress(`codec, heap: ${from + i} of ${requests} requests`);
    }
  };
  ask(Math.min(20_000, requests));
  collectGarbage();
  const before = heapBytes();
  ask(requests);
  collectGarbage();
  return Math.max(0, heapBytes() - before);
}

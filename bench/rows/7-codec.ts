import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MpChannel } from '../../lib/index.js';
import { collectGarbage, heapBytes } from '../harness/heap.js';
import { progress } from '../harness/progress.js';
import type { Measure } from '../harness/result.js';
import type { Row } from '../harness/stage.js';
import { p50 } from '../harness/turns.js';

const CHILD = fileURLToPath(new URL('../peers/codec.ts', import.meta.url));
const BOTH = 'encode into out, decode';
const HEAP = 'heap';
/** The heap of V8 itself grows and shrinks by about this much. */
const NOISE = 256 * 1024;

export const codec: Row = {
  number: 7,
  title: 'Codec',
  method:
    'Datagrams of the dialect 332/8, in batches, in a separate process; the median batch. Bytes are what one operation ' +
    'allocates, on the heap and outside it. The growth of the heap is measured between two full garbage collections.',

  async measure(stage) {
    const { codecOperations, heapRequests } = stage.sizes;
    progress('codec');
    const measures = await measureCodec(codecOperations);
    await using channel = await stage.openChannel();
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

/** Measures in a separate process, so that other rows have left no garbage there. */
function measureCodec(operations: number): Promise<Measure[]> {
  const child = fork(CHILD, [String(operations)], { execArgv: process.execArgv });
  return new Promise((resolve, reject) => {
    child.once('message', (measures) => resolve(measures as Measure[]));
    child.once('exit', (code) => reject(new Error(`${CHILD} ended with ${code} and no result`)));
  });
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

import type { MpChannel } from '../../lib/index.js';
import { ACROSS, acrossProcessors, floorNote, RAW, RAW_SPINNING } from '../harness/across.js';
import type { Measure } from '../harness/result.js';
import {
  type BenchMessage,
  FD_COUNTS,
  makeMessage,
  PARAM_SIZES,
  type Stage,
  variantOf,
} from '../harness/stage.js';
import { atMost, type Contender, onMain, takeTurns, timeSync } from '../harness/turns.js';
import { UNIX_DGRAM_MISSING, unixDgram } from '../harness/unix-dgram.js';
import type { Row } from './row.js';

const C = 'C rte_mp_request_sync';
const SPINNING = 'requestSync';
const SLEEPING = 'requestSync, busyPollMicros: 0';

export const requestSync: Row = {
  number: 1,
  title: 'A synchronous request',
  method:
    'One request after the other to the C primary, which answers with the same param and descriptors; the time ' +
    "includes closing those of the answer. EAL pins its threads: the primary's IPC thread and the C client's own are on " +
    "one processor (-l 1), and Node is, too. 'Across processors': the C client's own thread (-l 0) and Node are on the " +
    'other, so that each wake-up has to reach another processor. The raw loops and unix-dgram send the same datagrams, ' +
    'without checks, timeouts or table.',

  async measure(stage) {
    await using spinning = await stage.open();
    await using sleeping = await stage.open({ busyPollMicros: 0 });
    const measures: Measure[] = [];
    for (const fds of FD_COUNTS) {
      for (const size of PARAM_SIZES) {
        const message = makeMessage('echo', size, fds);
        const clients = [client(SPINNING, spinning, message), client(SLEEPING, sleeping, message)];
        measures.push(...(await pinned(stage, clients, message)));
        if (size === 16 && fds === 0)
          measures.push(...(await acrossProcessors(stage, 'requestSync', clients, [C, 'sync'])));
        message.close();
      }
    }
    return {
      measures,
      notes: [
        floorNote(measures, C),
        ...(measures.some(({ contender }) => contender === 'unix-dgram') ? [] : [UNIX_DGRAM_MISSING]),
      ],
      verdicts: ['16 B', ACROSS].flatMap((variant) => [
        atMost(0.4, 'requestSync', measures, [variant, SPINNING, C]),
        atMost(1, 'requestSync without spinning', measures, [variant, SLEEPING, C]),
      ]),
    };
  },
};

async function pinned(
  stage: Stage,
  clients: readonly Contender[],
  message: BenchMessage,
): Promise<Measure[]> {
  const size = message.param.length;
  const fds = message.fds.length;
  const rest = `${size} ${fds}`;
  const dgram = fds === 0 ? await unixDgram(stage, message) : undefined;
  const contenders: Contender[] = [
    ...clients.map(onMain),
    stage.secondary.contender(C, 'sync', rest),
    stage.secondary.contender(RAW, 'raw', `${rest} 0`),
    stage.secondary.contender(RAW_SPINNING, 'raw', `${rest} 1`),
    ...(dgram === undefined ? [] : [onMain(dgram)]),
  ];
  const variant = variantOf(size, fds);
  const measures = await takeTurns(contenders, { what: 'requestSync', variant, sizes: stage.sizes });
  dgram?.close();
  return measures;
}

function client(name: string, channel: MpChannel, message: BenchMessage): Contender {
  const ask = () => channel.requestSync(message)[Symbol.dispose]();
  return { name, run: async (count) => timeSync(count, ask) };
}

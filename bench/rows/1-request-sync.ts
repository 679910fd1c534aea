import type { MpChannel } from '../../lib/index.js';
import type { Measure } from '../harness/result.js';
import {
  type BenchMessage,
  FD_COUNTS,
  makeMessage,
  PARAM_SIZES,
  type Stage,
  variantOf,
} from '../harness/stage.js';
import { across, atMost, type Contender, onMain, ratio, takeTurns, timeSync } from '../harness/turns.js';
import { UNIX_DGRAM_MISSING, unixDgram } from '../harness/unix-dgram.js';
import type { Row } from './row.js';

const C = 'C rte_mp_request_sync';
const SPINNING = 'requestSync';
const SLEEPING = 'requestSync, busyPollMicros: 0';
export const RAW = 'C raw loop';
export const ACROSS = '16 B, across processors';

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
        if (size === 16 && fds === 0) measures.push(...(await acrossProcessors(stage, clients)));
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

/** How fast anything can be across processors, so that the ratio there can be judged. */
export function floorNote(measures: readonly Measure[], c: string): string {
  const floor = ratio(measures, ACROSS, RAW, c);
  return `Across processors the raw loop, which is nothing but sendmsg and recvmsg, takes ${floor.toFixed(2)} of ${c}.`;
}

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
    stage.secondary.contender('C raw loop, spinning', 'raw', `${rest} 1`),
    ...(dgram === undefined ? [] : [onMain(dgram)]),
  ];
  const variant = variantOf(size, fds);
  const measures = await takeTurns(contenders, { what: 'requestSync', variant, sizes: stage.sizes });
  dgram?.close();
  return measures;
}

async function acrossProcessors(stage: Stage, clients: readonly Contender[]): Promise<Measure[]> {
  const secondary = await stage.distantSecondary();
  const contenders = [
    ...clients.map(across),
    secondary.contender(C, 'sync', '16 0'),
    secondary.contender(RAW, 'raw', '16 0 0'),
    secondary.contender('C raw loop, spinning', 'raw', '16 0 1'),
  ];
  const measures = await takeTurns(contenders, { what: 'requestSync', variant: ACROSS, sizes: stage.sizes });
  await secondary.quit();
  return measures;
}

function client(name: string, channel: MpChannel, message: BenchMessage): Contender {
  const ask = () => channel.requestSync(message)[Symbol.dispose]();
  return { name, run: async (count) => timeSync(count, ask) };
}

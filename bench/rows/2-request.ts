import type { MpChannel } from '../../lib/index.js';
import { acrossProcessors, floorNote } from '../harness/across.js';
import type { Measure } from '../harness/result.js';
import { type BenchMessage, FD_COUNTS, makeMessage, PARAM_SIZES, variantOf } from '../harness/stage.js';
import { atMost, type Contender, onMain, takeTurns, timeAsync } from '../harness/turns.js';
import type { Row } from './row.js';

const C = 'C rte_mp_request_async';
const PLAIN = 'request';
const POLLING = 'request, busyPollEventLoopMicros: 50';

export const request: Row = {
  number: 2,
  title: 'A request on the event loop',
  method:
    'From the call to the continuation of its promise, one after the other; in C from the call to its callback, which ' +
    'runs on the IPC thread. Across processors as in row 1: the raw loop is what bare system calls take there.',

  async measure(stage) {
    await using plain = await stage.open();
    await using polling = await stage.open({ busyPollEventLoopMicros: 50 });
    const measures: Measure[] = [];
    const turns = { what: 'request', sizes: stage.sizes };
    for (const fds of FD_COUNTS) {
      for (const size of PARAM_SIZES) {
        const message = makeMessage('echo', size, fds);
        const clients = [client(PLAIN, plain, message), client(POLLING, polling, message)];
        const c = stage.secondary.contender(C, 'async', `${size} ${fds}`);
        const variant = variantOf(size, fds);
        measures.push(...(await takeTurns([...clients.map(onMain), c], { ...turns, variant })));
        if (size === 16 && fds === 0)
          measures.push(...(await acrossProcessors(stage, 'request', clients, [C, 'async'])));
        message.close();
      }
    }
    return {
      measures,
      notes: [
        `${floorNote(measures, C)} C's callback runs on its IPC thread, beside the primary's: one wake-up crosses processors, and two for a thread that is elsewhere. So there is no verdict there.`,
      ],
      verdicts: [
        atMost(1.1, 'request', measures, ['16 B', PLAIN, C]),
        atMost(0.6, 'request with busy poll', measures, ['16 B', POLLING, C]),
      ],
    };
  },
};

function client(name: string, channel: MpChannel, message: BenchMessage): Contender {
  const ask = async () => (await channel.request(message))[Symbol.dispose]();
  return { name, run: (count) => timeAsync(count, ask) };
}

import type { MpChannel } from '../../lib/index.js';
import { measureRequests, rawLoopNote } from '../harness/requests.js';
import type { BenchMessage, Row } from '../harness/stage.js';
import { atMost, type Contender, timeAsync } from '../harness/turns.js';

const C = 'C rte_mp_request_async';
const PLAIN = 'request';
const POLLING = 'request, busyPollEventLoopMicros: 50';

export const request: Row = {
  number: 2,
  title: 'A request on the event loop',
  method:
    'From the call to the continuation of its promise, one after the other; in C from the call to its callback, which ' +
    'runs on the IPC thread. Across processors as in row 1: the raw loop shows what bare system calls take there.',

  async measure(stage) {
    await using plain = await stage.openChannel();
    await using polling = await stage.openChannel({ busyPollEventLoopMicros: 50 });
    const measures = await measureRequests(stage, {
      what: 'request',
      c: [C, 'async'],
      nodeClients: (message) => [client(PLAIN, plain, message), client(POLLING, polling, message)],
    });
    return {
      measures,
      notes: [
        `${rawLoopNote(measures, C)} C's callback runs on its IPC thread, on the primary's processor: one wake-up crosses processors, but two for a thread on another processor. So there is no verdict for this case.`,
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

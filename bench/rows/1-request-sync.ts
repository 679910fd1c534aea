import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MpChannel } from '../../lib/index.js';
import { dialectOf } from '../../protocol/dialect.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { readConfigHead } from '../../shm/layout/mem-config.js';
import { ACROSS, measureRequests, RAW, RAW_SPINNING, rawLoopNote } from '../harness/requests.js';
import type { BenchMessage, Row, Stage } from '../harness/stage.js';
import { atMost, type Contender, onMainCpu, timeAsync, timeSync } from '../harness/turns.js';

const C = 'C rte_mp_request_sync';
const SPINNING = 'requestSync';
const SLEEPING = 'requestSync, busyPollMicros: 0';
const UNIX_DGRAM_MISSING =
  'unix-dgram is not installed: npm install --no-save unix-dgram (compiles native code)';

export const requestSync: Row = {
  number: 1,
  title: 'A synchronous request',
  method:
    'One request after the other to the C primary, which answers with the same param and descriptors; the time ' +
    "includes closing those of the answer. EAL pins its threads: the primary's IPC thread and the C client's main thread " +
    "share one processor (-l 1), and so does Node. 'Across processors': the C client's main thread (-l 0) and Node are on " +
    'the other, so that each wake-up has to reach another processor. The raw loops and unix-dgram send the same ' +
    'datagrams, without checks, timeouts or request table.',

  async measure(stage) {
    await using spinning = await stage.openChannel();
    await using sleeping = await stage.openChannel({ busyPollMicros: 0 });
    using unixDgram = openUnixDgram(stage);
    const measures = await measureRequests(stage, {
      what: 'requestSync',
      c: [C, 'sync'],
      nodeClients: (message) => [client(SPINNING, spinning, message), client(SLEEPING, sleeping, message)],
      others: (message) => {
        const rest = `${message.param.length} ${message.fds.length}`;
        return [
          stage.secondary.contender(RAW, 'raw', `${rest} 0`),
          stage.secondary.contender(RAW_SPINNING, 'raw', `${rest} 1`),
          ...(message.fds.length === 0 && unixDgram !== undefined
            ? [onMainCpu(unixDgram.client(message))]
            : []),
        ];
      },
    });
    return {
      measures,
      notes: [rawLoopNote(measures, C), ...(unixDgram === undefined ? [UNIX_DGRAM_MISSING] : [])],
      verdicts: ['16 B', ACROSS].flatMap((variant) => [
        atMost(0.4, 'requestSync', measures, [variant, SPINNING, C]),
        atMost(1, 'requestSync without spinning', measures, [variant, SLEEPING, C]),
      ]),
    };
  },
};

function client(name: string, channel: MpChannel, message: BenchMessage): Contender {
  const ask = () => channel.requestSync(message)[Symbol.dispose]();
  return { name, run: async (count) => timeSync(count, ask) };
}

/** The part of unix-dgram's API that is used here. */
interface DgramSocket extends NodeJS.EventEmitter {
  bind(path: string): void;
  connect(path: string): void;
  send(bytes: Buffer): void;
  close(): void;
}

/** Opens a socket of the npm package unix-dgram, a baseline: it only sends and receives. `undefined` if it isn't installed. */
function openUnixDgram({ runtimeDir }: Stage) {
  const socket = loadUnixDgram()?.createSocket('unix_dgram');
  if (socket === undefined) return undefined;
  const path = `${runtimeDir}/bench_unix_dgram`;
  const dialect = dialectOf(readConfigHead(`${runtimeDir}/config`)?.versionWord ?? 0);
  socket.bind(path);
  socket.connect(`${runtimeDir}/mp_socket`);
  return {
    client(message: BenchMessage): Contender {
      const datagram = Buffer.from(encodeMessage(dialect, MpType.REQ, message));
      const ask = () => {
        const answer = once(socket, 'message');
        socket.send(datagram);
        return answer;
      };
      return { name: 'unix-dgram', run: (count) => timeAsync(count, ask) };
    },
    [Symbol.dispose]() {
      socket.close();
      rmSync(path, { force: true });
    },
  };
}

function loadUnixDgram(): { createSocket(type: 'unix_dgram'): DgramSocket } | undefined {
  const name = 'unix-dgram'; // not a dependency, since it needs a compiler
  try {
    return createRequire(import.meta.url)(name);
  } catch {
    return undefined;
  }
}

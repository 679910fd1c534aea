// What a program does with the package, in parts; every system call of a part is made to fail once.
import { closeSync, openSync } from 'node:fs';
import { type MpChannel, MpError, openPrimary, openSecondary } from '../../../lib/index.js';
import { encodeMessage, MpType } from '../../../protocol/index.js';
import { attachMemory, attachShared } from '../../../shm/index.js';
import type { DatagramSocket } from '../../../sys/datagram-socket.js';
import type { FaultStage } from './fault-stage.js';

/** One run of a scenario: `act` is done with a fault, then again without one, and must succeed then. */
interface Run {
  act(timeoutMs: number): Promise<void>;
  end(): Promise<void>;
}

export interface Scenario {
  readonly name: string;
  /** What the scenario needs: a channel in a worker thread, or the files of a C primary. */
  readonly needs?: 'primary' | 'secondary' | 'memory';
  /** Faults that are not injected because they would be wrong: `'call ERRNO'`. */
  readonly skip?: readonly string[];
  start(stage: FaultStage): Promise<Run>;
}

const NOTHING = async () => {};

export const SCENARIOS: readonly Scenario[] = [
  opening('open and close a primary', (stage) => openPrimary(stage.options)),
  opening('open and close a secondary', (stage) => openSecondary(stage.options)),
  { ...opening('open beside a C primary', (stage) => openSecondary(stage.options)), needs: 'memory' },
  opening('open in the abstract namespace', (stage) =>
    openPrimary({ ...stage.options, socketNamespace: 'abstract' }),
  ),
  asking('request with descriptors', (channel, timeoutMs, fds) =>
    channel.request({ name: 'echo', fds }, { timeoutMs }),
  ),
  asking('requestSync with descriptors', async (channel, timeoutMs, fds) =>
    channel.requestSync({ name: 'echo', fds }, { timeoutMs }),
  ),
  asking('sendMessage with descriptors', async (channel, timeoutMs, fds) => {
    await channel.sendMessage({ name: 'silent', fds }, { timeoutMs });
    return undefined;
  }),
  broadcasting('broadcast a request', (channel, timeoutMs, fds) =>
    channel.request({ name: 'echo', fds }, { timeoutMs }),
  ),
  broadcasting('broadcast a request synchronously', async (channel, timeoutMs, fds) =>
    channel.requestSync({ name: 'echo', fds }, { timeoutMs }),
  ),
  broadcasting('broadcast a message', async (channel, timeoutMs, fds) => {
    await channel.sendMessage({ name: 'silent', fds }, { timeoutMs });
    return undefined;
  }),
  {
    name: 'receive a request with descriptors and answer it',
    skip: ['sendmsg ECONNREFUSED'],
    start: serving,
  },
  { name: 'attach memory, read a zone, share it, detach', needs: 'memory', start: attaching },
  { name: 'use the memory of a channel', needs: 'memory', start: channelMemory },
  { name: 'ask for peers, disable', needs: 'memory', start: looking },
];

function opening(name: string, open: (stage: FaultStage) => Promise<MpChannel>): Scenario {
  return {
    name,
    async start(stage) {
      const opened: MpChannel[] = [];
      return {
        async act() {
          const channel = await open(stage);
          opened.push(channel);
          await channel.close();
        },
        async end() {
          for (const channel of opened) await channel.close();
        },
      };
    },
  };
}

type Ask = (channel: MpChannel, timeoutMs: number, fds: number[]) => Promise<Disposable | undefined>;

function asking(name: string, ask: Ask): Scenario {
  const open = (stage: FaultStage) =>
    openSecondary({ ...stage.options, visibility: 'private', busyPollMicros: 0 });
  return { name, needs: 'primary', start: (stage) => withChannel(stage, open, ask) };
}

function broadcasting(name: string, ask: Ask): Scenario {
  return {
    name,
    needs: 'secondary',
    skip: ['sendmsg ECONNREFUSED'], // the peer lives, but its socket would be removed as a dead one's
    start: (stage) => withChannel(stage, (s) => openPrimary({ ...s.options, busyPollMicros: 0 }), ask),
  };
}

async function withChannel(
  stage: FaultStage,
  open: (stage: FaultStage) => Promise<MpChannel>,
  ask: Ask,
): Promise<Run> {
  const channel = await open(stage);
  stage.watchErrors(channel);
  const fds = [openSync('/dev/null', 'r'), openSync('/dev/zero', 'r')];
  return {
    async act(timeoutMs) {
      const reply = await ask(channel, timeoutMs, fds);
      reply?.[Symbol.dispose]();
    },
    async end() {
      await channel.close();
      for (const fd of fds) closeSync(fd);
    },
  };
}

/** The request is in the queue before, so that all calls are the receiver's. */
async function serving(stage: FaultStage): Promise<Run> {
  const channel = await openPrimary(stage.options);
  stage.watchErrors(channel);
  channel.registerAction('echo', (msg) => ({ param: msg.param, fds: msg.fds }));
  const client = stage.socket('mp_socket_1_a');
  const file = openSync('/dev/null', 'r');
  const request = encodeMessage('332/8', MpType.REQ, { name: 'echo', param: 'x', fds: [file] });
  const ask = () => {
    const put = () => client.send(request, [file], stage.primaryPath) === 0;
    if (!put() && !put()) throw new MpError('EIO', 'the request could not be put there'); // the first try may fail by the fault
  };
  ask();
  return {
    async act(timeoutMs) {
      const { sent } = channel.stats;
      const deadline = performance.now() + timeoutMs;
      // reading the client's socket would make calls, too
      while (channel.stats.sent === sent && performance.now() < deadline) await new Promise(setImmediate);
      const isAnswered = takeAnswer(client);
      ask(); // for the next try
      if (!isAnswered) throw new MpError('ETIMEDOUT', 'there was no answer in time');
    },
    async end() {
      await channel.close();
      client.close();
      closeSync(file);
    },
  };
}

function takeAnswer(client: DatagramSocket): boolean {
  const datagram = client.receive();
  if (datagram === undefined || typeof datagram === 'number') return false;
  for (const fd of datagram.fds) fd.close();
  return true;
}

async function attaching(stage: FaultStage): Promise<Run> {
  return {
    async act() {
      const { runtimeDir, filePrefix, hugeDir } = stage;
      using memory = attachMemory({ runtimeDir, filePrefix, hugeDir, writable: true });
      memory.memsegs();
      const zone = memory.memzones().find(({ name }) => name === 'ONE');
      if (zone === undefined) throw new MpError('ESTALE', 'there is no zone ONE');
      zone.bytes[0] = 1;
      memory.snapshot(zone, { length: 8 });
      attachShared(zone.share()).detach();
    },
    end: NOTHING,
  };
}

async function channelMemory(stage: FaultStage): Promise<Run> {
  const channel = await openSecondary({ ...stage.options, memory: { hugeDir: stage.hugeDir } });
  return {
    async act() {
      const { memory } = channel;
      if (memory.lookup('ONE')?.bytes.length !== 4096) throw new MpError('ESTALE', 'there is no zone ONE');
      memory.sync();
      memory.detach();
    },
    end: () => channel.close(),
  };
}

async function looking(stage: FaultStage): Promise<Run> {
  const channel = await openSecondary(stage.options);
  return {
    async act() {
      channel.peers();
      channel.disable();
    },
    end: () => channel.close(),
  };
}

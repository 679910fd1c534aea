import type { Dialect } from '../../../protocol/dialect.js';
import { MpType } from '../../../protocol/message.js';
import { type Behaviour, type CheckFields, defineChecks } from '../check.js';
import { expectEqual, expectFields, expectThat, queueLength } from '../expect.js';
import type { DatagramFields } from '../raw-peer.js';
import type { DriverLine } from '../subject.js';
import type { Tester } from '../tester.js';

const GONE = 'it is logged, and the IPC thread is gone';
const SURVIVAL = 'one bad datagram must not end all IPC of a process';
const NOT_RUN_21 = '21.11.0 logs it and goes on (since 21.11.1 as here): there is no such release here';

const HARMFUL = { destructive: true, needs: ['driver'] } as const;

/** Section 6.2: datagrams that end C's IPC thread, or make it leak descriptors. */
export const MALFORMED = defineChecks(HARMFUL, {
  C14: deadly({
    title: 'short datagram',
    stimulus: 'one byte less than a message has; 4 bytes',
    log: 'truncated msg',
    datagrams: ({ wireLength }) => [{ length: wireLength - 1 }, { length: 4 }],
    notRun: NOT_RUN_21,
  }),
  C15: deadly({
    title: 'empty datagram',
    stimulus: 'a datagram of 0 bytes',
    log: '',
    datagrams: () => [{ length: 0 }],
    notRun: NOT_RUN_21,
  }),
  C16: deadly({
    title: 'long datagram',
    stimulus: 'one byte more than a message has; 24 and 32 more; in a 332-byte release, 340 bytes',
    log: 'truncated msg',
    datagrams: ({ wireLength }) =>
      [wireLength + 1, 340, wireLength + 32].flatMap((length) => (length === wireLength ? [] : [{ length }])),
  }),
  C17: deadly({
    title: 'datagram of an older release',
    stimulus: '332 bytes to 25.11 or later',
    log: 'truncated msg',
    dialects: ['340/253'],
    datagrams: () => [{ length: 332 }],
  }),
  C18: deadly({
    title: 'bad len_param',
    stimulus: 'a message that claims a len_param of -1; of 257',
    log: 'invalid received data length',
    datagrams: () => [{ lenParam: -1 }, { lenParam: 257 }],
    notRun: NOT_RUN_21,
  }),
  C19: {
    title: 'smallest and largest len_param',
    stimulus: 'requests with a len_param of 0 and of 256',
    expectation: 'handled',
    destructive: false,
    async run(tester) {
      for (const length of [0, 256]) {
        const { param } = await tester.mainPeer.ask({ name: 'echo', param: new Uint8Array(length).fill(7) });
        expectEqual(param.length, length, 'the length that came back');
      }
    },
  },
  C20: deadly({
    title: 'bad num_fds',
    stimulus: 'a message that claims -1 descriptors; one more than the limit',
    log: "invalid number of fd's received",
    datagrams: ({ maxFds }) => [{ numFds: -1 }, { numFds: maxFds + 1 }],
  }),
  C21: {
    title: 'descriptors claimed, none attached',
    stimulus: 'num_fds 8 and no descriptor',
    expectation: 'the handler is called with meaningless numbers',
    ours: {
      expectation: 'dropped and counted',
      why: 'a handler that closes or uses numbers which never were descriptors harms its own process',
    },
    async run(tester) {
      await tester.mainPeer.send({ name: 'note', numFds: 8 });
      await tester.probe();
      const line = noteOf(tester);
      if (line === undefined) return 'as ours';
      expectFields(line, { nfds: 8 });
      return 'as C';
    },
  },
  C22: {
    title: 'nine descriptors',
    stimulus: '9 attached; up to 24.07 8 of them claimed, from 24.11 on 9',
    expectation: "up to 24.07 'truncated msg', the IPC thread is gone; from 24.11 on the handler sees 9",
    ours: {
      expectation: 'dropped, the descriptors closed; with 253 allowed the handler sees 9',
      why: SURVIVAL,
    },
    async run(tester) {
      const fds = new Array<number>(9).fill(0);
      if (tester.dialect.maxFds === 8) {
        return sendDeadly(tester, { name: 'note', numFds: 8 }, 'truncated msg', fds);
      }
      await expectSeen(tester, fds);
      return tester.subject.implementation === 'ours' ? 'as ours' : 'as C';
    },
  },
  C23: {
    title: 'descriptors attached, none claimed',
    stimulus: 'num_fds 0 and 3 descriptors',
    expectation: 'the handler sees 0; 3 descriptors stay open for ever',
    needs: ['driver', 'pid'],
    ours: {
      expectation: 'dropped and counted, the descriptors closed',
      why: 'the handler can not close what it does not see',
    },
    async run(tester) {
      await tester.probe();
      const before = tester.descriptors;
      await tester.mainPeer.send({ name: 'note', numFds: 0 }, [0, 0, 0]);
      await tester.probe();
      const more = tester.descriptors - before;
      const line = noteOf(tester);
      expectEqual(more, line === undefined ? 0 : 3, 'the number of descriptors left open');
      if (line === undefined) return 'as ours';
      expectFields(line, { nfds: 0 });
      return 'as C';
    },
  },
  C24: {
    title: '253 descriptors',
    stimulus: 'as many descriptors as one message takes',
    expectation: 'the handler sees 253',
    dialects: ['332/253', '340/253'],
    async run(tester) {
      await expectSeen(tester, new Array<number>(253).fill(0));
    },
  },
  C31: {
    title: 'no free descriptor',
    stimulus: '4 descriptors to a process that can open no more',
    expectation: `'truncated msg': ${GONE}`,
    ours: { expectation: 'dropped and counted, the received descriptors closed', why: SURVIVAL },
    async run(tester) {
      await tester.probe();
      await tester.command('starve');
      tester.isSpoiled = true;
      return sendDeadly(tester, { name: 'note', numFds: 4 }, 'truncated msg', [0, 0, 0, 0]);
    },
  },
  C32: {
    title: 'queue of a dead IPC thread',
    stimulus: 'after an empty datagram, messages until one would block',
    expectation: 'net.unix.max_dgram_qlen + 1 (stock: 11) are accepted, the next one would block',
    needs: ['pid'],
    ours: { expectation: 'all are accepted and handled', why: SURVIVAL },
    async run(tester) {
      const { mainPeer } = tester;
      await mainPeer.sendBytes(new Uint8Array());
      if ((await tester.ipcStateWithoutRequest()) === 'answers') return 'as ours';
      let accepted = 0;
      while (accepted < 1024 && mainPeer.trySend(tester.datagram({ type: MpType.MSG })) === 0) accepted += 1;
      expectEqual(accepted, queueLength(), 'the number of messages accepted');
      return 'as C';
    },
  },
  C33: {
    title: 'sending with a dead IPC thread',
    stimulus: 'after an empty datagram, a request that the peer answers; a message',
    expectation: 'ETIMEDOUT; still delivered',
    needs: ['driver', 'pid'],
    ours: { expectation: 'answered; delivered', why: SURVIVAL },
    async run(tester) {
      await tester.mainPeer.sendBytes(new Uint8Array());
      const state = await tester.ipcStateWithoutRequest();
      const asked = tester.command('req any - 400');
      await tester.mainPeer.answer(await tester.mainPeer.next());
      const line = await asked;
      if (state === 'answers') expectFields(line, { ret: 0, nb_received: 1 });
      else expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_received: 0 });
      expectFields(await tester.command('bcast still -'), { ret: 0 });
      expectEqual((await tester.mainPeer.next()).name, 'still', 'the message that came');
      return state === 'answers' ? 'as ours' : 'as C';
    },
  },
});

/** The line that the handler of `note` printed. */
function noteOf(tester: Tester): DriverLine | undefined {
  return tester.lines('got').find(({ fields }) => fields.name === 'note');
}

interface DeadlyDatagrams extends Pick<CheckFields, 'title' | 'stimulus' | 'dialects' | 'notRun'> {
  /** What C logs; empty if it logs nothing. */
  readonly log: string;
  readonly datagrams: (dialect: Dialect) => readonly DatagramFields[];
}

/** A check of datagrams that end C's IPC thread: each goes to a fresh process if the first one did. */
function deadly({ log, datagrams, ...check }: DeadlyDatagrams): CheckFields {
  return {
    ...check,
    expectation: log === '' ? 'no log line, and the IPC thread is gone' : `'${log}': ${GONE}`,
    needs: [],
    ours: { expectation: 'dropped and counted; IPC goes on', why: SURVIVAL },
    async run(tester) {
      const [first = {}, ...others] = datagrams(tester.dialect);
      const behaviour = await sendDeadly(tester, { name: 'echo', ...first }, log);
      for (const fields of others) {
        if (behaviour === 'as C' && !tester.canRestart) break;
        const send = (to: Tester) => sendDeadly(to, { name: 'echo', ...fields }, log);
        const again = behaviour === 'as C' ? await tester.onFreshSubject(send) : await send(tester);
        expectEqual(again, behaviour, `the behaviour for ${JSON.stringify(fields)}`);
      }
      return behaviour;
    },
  };
}

/** Sends a datagram that ends the IPC thread of a C subject; expects `log` in its log. */
async function sendDeadly(
  tester: Tester,
  fields: DatagramFields,
  log: string,
  fds: readonly number[] = [],
): Promise<Behaviour> {
  await tester.probe();
  await tester.mainPeer.sendBytes(tester.datagram(fields), fds);
  const state = await tester.ipcState();
  expectThat(state !== 'crashed', 'the process died');
  if (state === 'answers') return 'as ours';
  if (log !== '') await tester.expectLog(log);
  return 'as C';
}

/** Sends descriptors; expects that the handler gets them all. */
async function expectSeen(tester: Tester, fds: readonly number[]): Promise<void> {
  await tester.mainPeer.send({ name: 'note' }, fds);
  expectFields(await tester.line('got'), { name: 'note', nfds: fds.length });
}

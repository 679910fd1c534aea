import { MpType } from '../../../protocol/message.js';
import type { Behaviour, Check } from '../check.js';
import type { Parts } from '../raw-peer.js';
import { expectFields, type Stage } from '../stage.js';
import { expectEqual, expectThat, queueLength } from '../verdict.js';

const GONE = 'it is logged, and the IPC thread is gone';
const SURVIVES = {
  expectation: 'dropped and counted; everything goes on',
  why: 'one bad datagram must not end all IPC of a process',
};
const NOT_RUN_21 = '21.11.0 logs it and goes on (since 21.11.1 as here): there is no such release here';

/** Sends something bad to a fresh subject; what it leads to in C is the end of the IPC thread. */
async function deadly(stage: Stage, bytes: Uint8Array, log: string, fds: readonly number[] = []) {
  const { implementation } = stage.subject;
  await stage.probe();
  await stage.main.sendBytes(bytes, fds);
  const fate = await stage.fate();
  expectThat(fate !== 'crashed', 'the process died');
  if (fate === 'alive') return 'as ours';
  if (implementation === 'C' && log !== '') await stage.expectLog(log);
  return 'as C';
}

/** The same for several: C needs a fresh process for each, so each is a check's variant in a place of its own. */
async function allDeadly(stage: Stage, variants: readonly Parts[], log: string): Promise<Behaviour> {
  const [first = {}, ...others] = variants;
  const behaviour = await deadly(stage, stage.datagram({ name: 'echo', ...first }), log);
  for (const parts of others) {
    if (behaviour === 'as C' && !stage.canRestart) break;
    const again =
      behaviour === 'as ours'
        ? await deadly(stage, stage.datagram({ name: 'echo', ...parts }), log)
        : await stage.onFresh((fresh) => deadly(fresh, fresh.datagram({ name: 'echo', ...parts }), log));
    expectEqual(again, behaviour, `the behaviour for ${JSON.stringify(parts)}`);
  }
  return behaviour;
}

const C14: Check = {
  id: 'C14',
  title: 'short datagram',
  stimulus: 'one byte less than a message has; 4 bytes',
  expectation: `'truncated msg': ${GONE}`,
  destructive: true,
  ours: SURVIVES,
  notRun: NOT_RUN_21,
  run: (stage) =>
    allDeadly(stage, [{ length: stage.dialect.wireLength - 1 }, { length: 4 }], 'truncated msg'),
};

const C15: Check = {
  id: 'C15',
  title: 'empty datagram',
  stimulus: 'a datagram of 0 bytes',
  expectation: 'no log line, and the IPC thread is gone',
  destructive: true,
  ours: SURVIVES,
  notRun: NOT_RUN_21,
  run: (stage) => deadly(stage, new Uint8Array(), ''),
};

const C16: Check = {
  id: 'C16',
  title: 'long datagram',
  stimulus: 'one byte more than a message has; 24 and 32 more; in a 332-byte release, 340 bytes',
  expectation: `'truncated msg': ${GONE}`,
  destructive: true,
  ours: SURVIVES,
  run(stage) {
    const length = stage.dialect.wireLength;
    const lengths = new Set([length + 1, 340, length + 32]);
    lengths.delete(length);
    return allDeadly(
      stage,
      [...lengths].map((l) => ({ length: l })),
      'truncated msg',
    );
  },
};

const C17: Check = {
  id: 'C17',
  title: 'datagram of an older release',
  stimulus: '332 bytes to 25.11 or later',
  expectation: `'truncated msg': ${GONE}`,
  dialects: ['340/253'],
  destructive: true,
  ours: SURVIVES,
  run: (stage) => allDeadly(stage, [{ length: 332 }], 'truncated msg'),
};

const C18: Check = {
  id: 'C18',
  title: 'bad len_param',
  stimulus: 'a message that claims a len_param of -1; of 257',
  expectation: `'invalid received data length': ${GONE}`,
  destructive: true,
  ours: SURVIVES,
  notRun: NOT_RUN_21,
  run: (stage) => allDeadly(stage, [{ lenParam: -1 }, { lenParam: 257 }], 'invalid received data length'),
};

const C19: Check = {
  id: 'C19',
  title: 'smallest and largest len_param',
  stimulus: 'requests with a len_param of 0 and of 256',
  expectation: 'handled',
  needs: ['driver'],
  async run(stage) {
    for (const length of [0, 256]) {
      const { param } = await stage.main.ask('echo', new Uint8Array(length).fill(7));
      expectEqual(param.length, length, 'the length that came back');
    }
    return undefined;
  },
};

const C20: Check = {
  id: 'C20',
  title: 'bad num_fds',
  stimulus: 'a message that claims -1 descriptors; one more than the limit',
  expectation: `"invalid number of fd's received": ${GONE}`,
  destructive: true,
  ours: SURVIVES,
  run(stage) {
    const variants = [{ numFds: -1 }, { numFds: stage.dialect.maxFds + 1 }];
    return allDeadly(stage, variants, "invalid number of fd's received");
  },
};

const C21: Check = {
  id: 'C21',
  title: 'descriptors claimed, none attached',
  stimulus: 'num_fds 8 and no descriptor',
  expectation: 'the handler is called with meaningless numbers',
  destructive: true,
  needs: ['driver'],
  ours: {
    expectation: 'dropped and counted',
    why: 'a handler that closes or uses numbers which never were descriptors harms its own process',
  },
  async run(stage) {
    const from = stage.lineCount;
    await stage.main.send({ name: 'note', numFds: 8 });
    await stage.probe();
    const [line] = stage.got(from).filter(({ fields }) => fields.name === 'note');
    if (line === undefined) return 'as ours';
    expectFields(line, { nfds: 8 });
    return 'as C';
  },
};

const C22: Check = {
  id: 'C22',
  title: 'nine descriptors',
  stimulus: '9 attached; up to 24.07 8 of them claimed, from 24.11 on 9',
  expectation: "up to 24.07 'truncated msg', the IPC thread is gone; from 24.11 on the handler sees 9",
  destructive: true,
  needs: ['driver'],
  ours: {
    expectation: 'dropped, the descriptors closed; with 253 allowed the handler sees 9',
    why: SURVIVES.why,
  },
  async run(stage) {
    const fds = new Array<number>(9).fill(0);
    if (stage.dialect.maxFds === 8) {
      return deadly(stage, stage.datagram({ name: 'note', numFds: 8 }), 'truncated msg', fds);
    }
    await expectSeen(stage, fds);
    return stage.subject.implementation === 'ours' ? 'as ours' : 'as C';
  },
};

async function expectSeen(stage: Stage, fds: readonly number[]): Promise<void> {
  const from = stage.lineCount;
  await stage.main.send({ name: 'note' }, fds);
  expectFields(await stage.line('got', from), { name: 'note', nfds: fds.length });
}

const C23: Check = {
  id: 'C23',
  title: 'descriptors attached, none claimed',
  stimulus: 'num_fds 0 and 3 descriptors',
  expectation: 'the handler sees 0; 3 descriptors stay open for ever',
  destructive: true,
  needs: ['driver', 'pid'],
  ours: { expectation: 'dropped and counted, the descriptors closed', why: 'nobody would ever close them' },
  async run(stage) {
    await stage.probe();
    const [from, before] = [stage.lineCount, stage.descriptors];
    await stage.main.send({ name: 'note', numFds: 0 }, [0, 0, 0]);
    await stage.probe();
    const more = stage.descriptors - before;
    const [line] = stage.got(from).filter(({ fields }) => fields.name === 'note');
    if (line === undefined) {
      expectEqual(more, 0, 'the number of descriptors left open');
      return 'as ours';
    }
    expectFields(line, { nfds: 0 });
    expectEqual(more, 3, 'the number of descriptors left open');
    return 'as C';
  },
};

const C24: Check = {
  id: 'C24',
  title: '253 descriptors',
  stimulus: 'as many descriptors as one message takes',
  expectation: 'the handler sees 253',
  dialects: ['332/253', '340/253'],
  destructive: true,
  needs: ['driver'],
  async run(stage) {
    await expectSeen(stage, new Array<number>(253).fill(0));
    return undefined;
  },
};

const C31: Check = {
  id: 'C31',
  title: 'no free descriptor',
  stimulus: '4 descriptors to a process that can open no more',
  expectation: `'truncated msg': ${GONE}`,
  destructive: true,
  needs: ['driver'],
  ours: { expectation: 'dropped and counted, what came of them closed', why: SURVIVES.why },
  async run(stage) {
    await stage.probe();
    await stage.command('starve');
    stage.isSpoiled = true;
    return deadly(stage, stage.datagram({ name: 'note', numFds: 4 }), 'truncated msg', [0, 0, 0, 0]);
  },
};

const C32: Check = {
  id: 'C32',
  title: 'queue of a dead IPC thread',
  stimulus: 'after an empty datagram, messages without end',
  expectation: 'net.unix.max_dgram_qlen + 1 (stock: 11) are accepted, the next one would block',
  destructive: true,
  needs: ['pid'],
  ours: { expectation: 'all are accepted and handled', why: SURVIVES.why },
  async run(stage) {
    await stage.main.sendBytes(new Uint8Array());
    if ((await stage.fateUnprobed()) === 'alive') return 'as ours';
    const { main } = stage;
    let accepted = 0;
    while (accepted < 1024 && main.trySend(stage.datagram({ type: MpType.MSG })) === 0) accepted += 1;
    expectEqual(accepted, queueLength(), 'the number of messages accepted');
    return 'as C';
  },
};

const C33: Check = {
  id: 'C33',
  title: 'sending with a dead IPC thread',
  stimulus: 'after an empty datagram, a request that the peer answers; a message',
  expectation: 'ETIMEDOUT; still delivered',
  destructive: true,
  needs: ['driver', 'pid'],
  ours: { expectation: 'answered; delivered', why: SURVIVES.why },
  async run(stage) {
    await stage.main.sendBytes(new Uint8Array());
    const fate = await stage.fateUnprobed();
    const asked = stage.command('req any - 400');
    await stage.main.answer(await stage.main.next());
    const { line } = await asked;
    if (fate === 'alive') expectFields(line, { ret: 0, nb_received: 1 });
    else expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_received: 0 });
    expectFields((await stage.command('bcast still -')).line, { ret: 0 });
    expectEqual((await stage.main.next()).name, 'still', 'the message that came');
    return fate === 'alive' ? 'as ours' : 'as C';
  },
};

/** Sections 6.2's checks of what ends C's IPC thread, or costs it descriptors. */
export const MALFORMED: readonly Check[] = [
  ...[C14, C15, C16, C17, C18, C19, C20, C21, C22, C23, C24, C31, C32, C33],
];

import { existsSync } from 'node:fs';
import { MpType } from '../../../protocol/message.js';
import { type Behaviour, type Check, judgeAsync } from '../check.js';
import { expectErrno, expectFields, type Stage } from '../stage.js';
import { expectEqual, expectThat, expectTook, until } from '../verdict.js';

const OWN_SOCKET = 'each request of ours has a socket of its own, so that answers can not be mixed up';

/** The text of the one answer that a request printed. */
function answerOf(lines: readonly { event: string; fields: Readonly<Record<string, string>> }[]): string {
  return lines.find(({ event }) => event.endsWith('.reply'))?.fields.text ?? '';
}

const C44: Check = {
  id: 'C44',
  title: 'synchronous request to nobody',
  stimulus: 'a synchronous request of a primary without peers',
  expectation: '0 at once, nb_sent 0, nb_received 0',
  roles: ['primary'],
  needs: ['driver'],
  async run(stage) {
    const { line } = await stage.command('req any - 2000');
    expectFields(line, { ret: 0, nb_sent: 0, nb_received: 0 });
    expectThat(Number(line.fields.us) < 1_000_000, `it took ${line.fields.us} µs`);
    return undefined;
  },
};

const C45: Check = {
  id: 'C45',
  title: 'asynchronous request to nobody',
  stimulus: 'an asynchronous request of a primary without peers',
  expectation: '0, and the callback is never called; from 26.07 on it is called with 0/0',
  roles: ['primary'],
  needs: ['driver'],
  ours: { expectation: 'an empty reply at once', why: 'as DPDK itself does it from 26.07 on' },
  notRun: '26.07 and later call it: there is no such release here',
  contradiction:
    '24.11.8 and 25.11.4 do as 26.07 does, and 22.11.11 does not; the reference has 24.11.0 and 26.07 only',
  async run(stage) {
    const from = stage.lineCount;
    expectFields((await stage.command('areq lonely - 300')).line, { ret: 0 });
    // the callback of a later one comes behind it
    const { main } = stage;
    expectFields((await stage.command('areq second - 2000')).line, { ret: 0 });
    const second = stage.driver.waitFor(
      ({ event, fields }) => event === 'areply' && fields.name === 'second',
      { from, timeoutMs: 3_000 },
    );
    await main.answer(await main.next());
    await second;
    const first = stage.driver.lines
      .slice(from)
      .find(({ event, fields }) => event === 'areply' && fields.name === 'lonely');
    if (first !== undefined) expectFields(first, { nb_sent: 0, nb_received: 0 });
    return judgeAsync(stage, first !== undefined);
  },
};

const C46: Check = {
  id: 'C46',
  title: 'late answer',
  stimulus: 'the peer answers after the timeout of 300 ms',
  expectation: 'ETIMEDOUT after 300 ms, nb_sent 1, nb_received 0; the answer is dropped',
  needs: ['driver'],
  async run(stage) {
    const { main } = stage;
    const asked = stage.command('req late - 300');
    const request = await main.next();
    const { line } = await asked;
    expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1, nb_received: 0 });
    expectTook(Number(line.fields.us), 300);
    main.trySend(stage.datagram({ type: MpType.REP, name: 'late' }), [], request.sender);
    await stage.expectNothingFor();
    return undefined;
  },
};

const C47: Check = {
  id: 'C47',
  title: 'late answer to an earlier request',
  stimulus: 'a timeout, the same request again, then the answer to the first one',
  expectation: "the second one returns with the first one's answer",
  needs: ['driver'],
  ours: { expectation: 'the second one waits for its own answer', why: OWN_SOCKET },
  async run(stage) {
    const { main } = stage;
    const first = stage.command('req again - 200');
    const { sender } = await main.next();
    expectErrno((await first).line, 'ETIMEDOUT');
    const second = stage.command('req again - 2000');
    const request = await main.next();
    main.trySend(stage.datagram({ type: MpType.REP, name: 'again', param: 'first' }), [], sender);
    await main.answer(request, { param: 'second' });
    const { line, before } = await second;
    expectFields(line, { ret: 0, nb_received: 1 });
    return answerOf(before) === 'second' && sender !== request.sender ? 'as ours' : 'as C';
  },
};

const C48: Check = {
  id: 'C48',
  title: 'IGN',
  stimulus: 'the peer answers IGN',
  expectation: '0, nb_sent 0, nb_received 0',
  needs: ['driver'],
  async run(stage) {
    const asked = stage.command('req any - 2000');
    await stage.main.ignore(await stage.main.next());
    expectFields((await asked).line, { ret: 0, nb_sent: 0, nb_received: 0 });
    return undefined;
  },
};

const C49: Check = {
  id: 'C49',
  title: 'two answers',
  stimulus: 'two REPs back to back; a REP and an IGN; two REPs to an asynchronous request',
  expectation: "one record, mostly the second's; mostly 0/0; the first's",
  needs: ['driver'],
  ours: { expectation: 'the first one counts, always', why: 'which one counts must not be a matter of luck' },
  async run(stage) {
    const firsts = [await twoAnswers(stage, 'req', MpType.REP), await twoAnswers(stage, 'req', MpType.IGN)];
    expectEqual(await twoAnswers(stage, 'areq', MpType.REP), 'first', 'the asynchronous answer');
    await stage.probe();
    if (stage.subject.implementation === 'C') return 'as C';
    return firsts.every((text) => text === 'first') ? 'as ours' : 'as C';
  },
};

/** The answer that counted: first, second or (IGN) none. */
async function twoAnswers(stage: Stage, verb: 'req' | 'areq', type: MpType): Promise<string> {
  const { main } = stage;
  const from = stage.lineCount;
  const reply = stage.line(verb === 'req' ? 'req' : 'areply', from);
  const asked = stage.command(`${verb} twice - 2000`);
  const { sender } = await main.next();
  const parts = { name: 'twice', param: type === MpType.IGN ? '' : 'second' };
  const datagrams = [
    stage.datagram({ type: MpType.REP, name: 'twice', param: 'first' }),
    stage.datagram({ type, ...parts }),
  ];
  for (const bytes of datagrams) main.trySend(bytes, [], sender);
  await asked;
  const { fields } = await reply;
  const text = answerOf(stage.driver.lines.slice(from));
  expectEqual(fields.nb_received, text === '' ? '0' : '1', 'nb_received');
  return text;
}

const SEVERAL = {
  expectation: 'both are asked and answered (exclusiveRequests: EEXIST)',
  why: OWN_SOCKET,
};

const C52: Check = {
  id: 'C52',
  title: 'same request from two threads',
  stimulus: 'a request while one of its name is under way to the same peer',
  expectation: 'EEXIST at once, nb_sent 0; the first one is not affected',
  needs: ['driver'],
  ours: SEVERAL,
  async run(stage) {
    const { main } = stage;
    const from = stage.lineCount;
    await stage.command('treq same 3000');
    const first = await main.next();
    const asked = stage.command('areq same - 3000');
    const behaviour = await secondOf(stage, asked);
    if (behaviour === 'as ours') await stage.line('areply', from);
    await main.answer(first);
    expectFields(await stage.line('treq.done', from), { ret: 0, nb_received: 1 });
    return behaviour;
  },
};

/** What a request of a name that is under way comes to; if it is sent, it gets its answer. */
async function secondOf(stage: Stage, asked: ReturnType<Stage['command']>): Promise<Behaviour> {
  const { line } = await asked;
  if (line.fields.ret === '-1') {
    expectErrno(line, 'EEXIST');
    return 'as C';
  }
  await stage.main.answer(await stage.main.next());
  return 'as ours';
}

const C53: Check = {
  id: 'C53',
  title: 'same request while one is pending',
  stimulus: 'an asynchronous request is pending; the same again, asynchronous and synchronous',
  expectation: 'EEXIST; EEXIST',
  needs: ['driver'],
  ours: SEVERAL,
  async run(stage) {
    const { main } = stage;
    const from = stage.lineCount;
    await stage.command('areq same - 3000');
    const first = await main.next();
    const behaviour = await secondOf(stage, stage.command('areq same - 3000'));
    const sync = stage.command('req same - 3000');
    if (behaviour === 'as ours') await main.answer(await main.next());
    if (behaviour === 'as C') expectFields((await sync).line, { ret: -1, errno: 'EEXIST', nb_sent: 0 });
    else expectFields((await sync).line, { ret: 0, nb_received: 1 });
    await main.answer(first);
    const isDone = () => stage.driver.lines.slice(from).filter(({ event }) => event === 'areply').length;
    await until(() => isDone() === (behaviour === 'as C' ? 1 : 2), 'a callback is missing');
    return behaviour;
  },
};

const C56: Check = {
  id: 'C56',
  title: 'peer dies before it answers',
  stimulus: 'the peer is killed after it has received the REQ; then a broadcast',
  expectation: 'the full timeout; then its file is removed, and 0/0',
  roles: ['primary'],
  needs: ['driver'],
  async run(stage) {
    const peer = stage.peer('dying');
    const asked = stage.command('req any - 300');
    await peer.next();
    peer.die();
    expectFields((await asked).line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1 });
    expectFields((await stage.command('req any - 300')).line, { ret: 0, nb_sent: 0, nb_received: 0 });
    expectThat(!existsSync(peer.path), 'its file is still there');
    return undefined;
  },
};

const C61: Check = {
  id: 'C61',
  title: 'request inside a handler',
  stimulus: 'a handler makes a synchronous request, which the peer answers at once',
  expectation: 'ETIMEDOUT; the answer is dropped behind it',
  needs: ['driver'],
  ours: { expectation: 'it gets its answer', why: 'requestSync reads a socket of its own' },
  async run(stage) {
    const { main } = stage;
    await main.send({ name: 'inline' });
    await main.answer(await main.next());
    const reply = await main.next();
    expectEqual(reply.name, 'inline', 'the name of the answer');
    await stage.probe();
    const text = Buffer.from(reply.param).toString().replace(/\0.*/, '');
    if (text === 'ETIMEDOUT') return 'as C';
    expectEqual(text, '0', 'the inner result');
    return 'as ours';
  },
};

const C62: Check = {
  id: 'C62',
  title: 'failing handler, reply to a MSG',
  stimulus: 'a REQ whose handler fails; a MSG whose handler replies',
  expectation: 'a log line and no reply; a REP, which the sender of the MSG drops',
  needs: ['driver'],
  ours: { expectation: 'no reply; no REP', why: 'nobody waits for it' },
  async run(stage) {
    const { main } = stage;
    await main.send({ name: 'fails' });
    await stage.expectNothingFor();
    await stage.expectLog('Fail to handle message: fails');
    await main.send({ type: MpType.MSG, name: 'echo', param: 'unasked' });
    const { name, param } = stage.subject.probe;
    await main.send({ name, param });
    const first = Buffer.from((await main.next()).param).toString();
    if (!first.startsWith('unasked')) return 'as ours';
    await main.next();
    return 'as C';
  },
};

/** Section 6.4's checks of one request and one peer. */
export const REQUESTS: readonly Check[] = [...[C44, C45, C46, C47, C48, C49, C52, C53, C56, C61, C62]];

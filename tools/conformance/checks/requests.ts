import { existsSync } from 'node:fs';
import { MpType } from '../../../protocol/message.js';
import { ASYNC_CONTRADICTION, type Behaviour, DRIVEN, defineChecks, judgeAsync } from '../check.js';
import { expectEqual, expectErrno, expectFields, expectThat, expectTook, until } from '../expect.js';
import type { Tester } from '../tester.js';

const OWN_SOCKET = 'each request has its own socket, so that answers can not be mixed up';
const NOT_EXCLUSIVE = {
  expectation: 'both are sent and answered (exclusiveRequests: EEXIST)',
  why: OWN_SOCKET,
};

/** Section 6.4: one request, and one peer or none. */
export const REQUESTS = defineChecks(DRIVEN, {
  C44: {
    title: 'synchronous request without peers',
    stimulus: 'a synchronous request of a primary without peers',
    expectation: '0 at once, nb_sent 0, nb_received 0',
    roles: ['primary'],
    async run(tester) {
      const line = await tester.command('req any - 2000');
      expectFields(line, { ret: 0, nb_sent: 0, nb_received: 0 });
      expectThat(Number(line.fields.us) < 1_000_000, `it took ${line.fields.us} µs`);
    },
  },
  C45: {
    title: 'asynchronous request without peers',
    stimulus: 'an asynchronous request of a primary without peers',
    expectation: '0, and the callback is never called; from 26.07 on it is called with 0/0',
    roles: ['primary'],
    ours: { expectation: 'an empty reply at once', why: 'DPDK does the same from 26.07 on' },
    notRun: '26.07 and later call it: there is no such release here',
    contradiction: ASYNC_CONTRADICTION,
    async run(tester) {
      expectFields(await tester.command('areq lonely - 300'), { ret: 0 });
      // the callback of a later request comes after its own
      const { mainPeer } = tester;
      expectFields(await tester.command('areq second - 2000'), { ret: 0 });
      await mainPeer.answer(await mainPeer.next());
      const callbackOf = (name: string) => tester.lines('areply').find(({ fields }) => fields.name === name);
      await until(() => callbackOf('second') !== undefined, 'the callback is missing', 3_000);
      const first = callbackOf('lonely');
      if (first !== undefined) expectFields(first, { nb_sent: 0, nb_received: 0 });
      return judgeAsync(tester.subject, first !== undefined);
    },
  },
  C46: {
    title: 'late answer',
    stimulus: 'the peer answers after the timeout of 300 ms',
    expectation: 'ETIMEDOUT after 300 ms, nb_sent 1, nb_received 0; the answer is dropped',
    async run(tester) {
      const { mainPeer } = tester;
      const asked = tester.command('req late - 300');
      const request = await mainPeer.next();
      const line = await asked;
      expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1, nb_received: 0 });
      expectTook(Number(line.fields.us), 300);
      mainPeer.tryAnswer(request);
      await tester.expectNothingFor();
    },
  },
  C47: {
    title: 'late answer to an earlier request',
    stimulus: 'a timeout, the same request again, then the answer to the first one',
    expectation: "the second one returns with the first one's answer",
    ours: { expectation: 'the second one waits for its own answer', why: OWN_SOCKET },
    async run(tester) {
      const { mainPeer } = tester;
      const first = tester.command('req again - 200');
      const earlier = await mainPeer.next();
      expectErrno(await first, 'ETIMEDOUT');
      const second = tester.command('req again - 2000');
      const request = await mainPeer.next();
      mainPeer.tryAnswer(earlier, { param: 'first' });
      await mainPeer.answer(request, { param: 'second' });
      expectFields(await second, { ret: 0, nb_received: 1 });
      const text = tester.lines('req.reply')[0]?.fields.text;
      return text === 'second' && earlier.sender !== request.sender ? 'as ours' : 'as C';
    },
  },
  C48: {
    title: 'IGN',
    stimulus: 'the peer answers IGN',
    expectation: '0, nb_sent 0, nb_received 0',
    async run(tester) {
      const asked = tester.command('req any - 2000');
      await tester.mainPeer.ignore(await tester.mainPeer.next());
      expectFields(await asked, { ret: 0, nb_sent: 0, nb_received: 0 });
    },
  },
  C49: {
    title: 'two answers',
    stimulus: 'two REPs back to back; a REP and an IGN; two REPs to an asynchronous request',
    expectation: "one record, mostly the second's; mostly 0/0; the first's",
    ours: { expectation: 'the first one always counts', why: 'the result must not depend on timing' },
    async run(tester) {
      const [one, two] = [
        await twoAnswers(tester, 'req', MpType.REP),
        await twoAnswers(tester, 'req', MpType.IGN),
      ];
      expectEqual(await twoAnswers(tester, 'areq', MpType.REP), 'first', 'the asynchronous answer');
      await tester.probe();
      if (tester.subject.implementation === 'C') return 'as C';
      return one === 'first' && two === 'first' ? 'as ours' : 'as C';
    },
  },
  C52: {
    title: 'same request from two threads',
    stimulus: 'a request while one of its name is under way to the same peer',
    expectation: 'EEXIST at once, nb_sent 0; the first one is not affected',
    ours: NOT_EXCLUSIVE,
    async run(tester) {
      const { mainPeer } = tester;
      await tester.command('treq same 3000');
      const first = await mainPeer.next();
      const behaviour = await askAgain(tester);
      if (behaviour === 'as ours') await tester.line('areply');
      await mainPeer.answer(first);
      expectFields(await tester.line('treq.done'), { ret: 0, nb_received: 1 });
      return behaviour;
    },
  },
  C53: {
    title: 'same request while one is pending',
    stimulus: 'an asynchronous request is pending; the same again, asynchronous and synchronous',
    expectation: 'EEXIST; EEXIST',
    ours: NOT_EXCLUSIVE,
    async run(tester) {
      const { mainPeer } = tester;
      await tester.command('areq same - 3000');
      const first = await mainPeer.next();
      const behaviour = await askAgain(tester);
      const sync = tester.command('req same - 3000');
      if (behaviour === 'as ours') await mainPeer.answer(await mainPeer.next());
      if (behaviour === 'as C') expectFields(await sync, { ret: -1, errno: 'EEXIST', nb_sent: 0 });
      else expectFields(await sync, { ret: 0, nb_received: 1 });
      await mainPeer.answer(first);
      const callbacks = behaviour === 'as C' ? 1 : 2;
      await until(() => tester.lines('areply').length === callbacks, 'a callback is missing');
      return behaviour;
    },
  },
  C56: {
    title: 'peer dies before it answers',
    stimulus: 'the peer is killed after it has received the REQ; then a broadcast',
    expectation: 'the full timeout; then its file is removed, and 0/0',
    roles: ['primary'],
    async run(tester) {
      const peer = tester.addPeer('dying');
      const asked = tester.command('req any - 300');
      await peer.next();
      peer.die();
      expectFields(await asked, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1 });
      expectFields(await tester.command('req any - 300'), { ret: 0, nb_sent: 0, nb_received: 0 });
      expectThat(!existsSync(peer.path), 'its file is still there');
    },
  },
  C61: {
    title: 'request inside a handler',
    stimulus: 'a handler makes a synchronous request, which the peer answers at once',
    expectation: 'ETIMEDOUT; the answer comes too late and is dropped',
    ours: { expectation: 'it gets its answer', why: 'requestSync reads its own socket' },
    async run(tester) {
      const { mainPeer } = tester;
      await mainPeer.send({ name: 'inline' });
      await mainPeer.answer(await mainPeer.next());
      const reply = await mainPeer.next();
      expectEqual(reply.name, 'inline', 'the name of the answer');
      await tester.probe();
      const text = Buffer.from(reply.param).toString().replace(/\0.*/, '');
      if (text === 'ETIMEDOUT') return 'as C';
      expectEqual(text, '0', 'the inner result');
      return 'as ours';
    },
  },
  C62: {
    title: 'failing handler, reply to a MSG',
    stimulus: 'a REQ whose handler fails; a MSG whose handler replies',
    expectation: 'a log line and no reply; a REP, which the sender of the MSG drops',
    ours: { expectation: 'no reply; no REP', why: 'no process waits for it' },
    async run(tester) {
      const { mainPeer } = tester;
      await mainPeer.send({ name: 'fails' });
      await tester.expectNothingFor();
      await tester.expectLog('Fail to handle message: fails');
      await mainPeer.send({ type: MpType.MSG, name: 'echo', param: 'unasked' });
      await mainPeer.send(tester.subject.probe);
      const first = Buffer.from((await mainPeer.next()).param).toString();
      if (!first.startsWith('unasked')) return 'as ours';
      await mainPeer.next();
      return 'as C';
    },
  },
});

/** Answers a request twice, with a REP and a message of `type`; returns the text of the answer that counted. */
async function twoAnswers(tester: Tester, verb: 'req' | 'areq', type: MpType): Promise<string> {
  const { mainPeer } = tester;
  const from = tester.driver.lines.length;
  const reply = tester.line(verb === 'req' ? 'req' : 'areply', { from });
  const asked = tester.command(`${verb} twice - 2000`);
  const request = await mainPeer.next();
  mainPeer.tryAnswer(request, { param: 'first' });
  mainPeer.tryAnswer(request, { type, param: type === MpType.IGN ? '' : 'second' });
  await asked;
  const { fields } = await reply;
  const lines = tester.driver.lines.slice(from);
  const text = lines.find(({ event }) => event.endsWith('.reply'))?.fields.text ?? '';
  expectEqual(fields.nb_received, text === '' ? '0' : '1', 'nb_received');
  return text;
}

/** Makes a second request of a name whose first one is under way; answers it if it is sent. */
async function askAgain(tester: Tester): Promise<Behaviour> {
  const line = await tester.command('areq same - 3000');
  if (line.fields.ret === '-1') {
    expectErrno(line, 'EEXIST');
    return 'as C';
  }
  await tester.mainPeer.answer(await tester.mainPeer.next());
  return 'as ours';
}

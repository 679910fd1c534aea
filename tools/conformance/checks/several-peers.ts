import { DRIVEN_PRIMARIES, defineChecks } from '../check.js';
import { expectFields, expectTook, pause } from '../expect.js';
import type { RawPeer } from '../raw-peer.js';
import type { Tester } from '../tester.js';

/** What each of two peers answers ('': nothing), and the counts that follow. */
const COMBINATIONS = [
  { answers: ['REP', 'REP'], nb_sent: 2, nb_received: 2 },
  { answers: ['IGN', 'REP'], nb_sent: 1, nb_received: 1 },
  { answers: ['IGN', 'IGN'], nb_sent: 0, nb_received: 0 },
  { answers: ['', 'REP'], nb_sent: 2, nb_received: 1 },
  { answers: ['', ''], nb_sent: 2, nb_received: 0 },
  { answers: ['', 'IGN'], nb_sent: 1, nb_received: 0 },
] as const;

/** Section 6.4: requests to several peers. */
export const SEVERAL_PEERS = defineChecks(DRIVEN_PRIMARIES, {
  C50: {
    title: 'first of two peers is silent',
    stimulus: 'a synchronous request to two peers; the first one does not answer',
    expectation: 'ETIMEDOUT, nb_sent 1; the other one gets nothing',
    async run(tester) {
      const peers = pair(tester);
      const asked = tester.command('req any - 200');
      const { other } = await tester.firstToReceive(peers);
      expectFields(await asked, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1, nb_received: 0 });
      await tester.expectNothingFor(other);
    },
  },
  C51: {
    title: 'one deadline for all',
    stimulus: 'two peers that take 250 ms each, timeout 400 ms',
    expectation: 'ETIMEDOUT after 400 ms, nb_sent 2, nb_received 0',
    ours: {
      expectation: 'ETIMEDOUT after 400 ms, nb_sent 2, with the one answer',
      why: 'the caller may still use it',
    },
    async run(tester) {
      const peers = pair(tester);
      const asked = tester.command('req any - 400');
      const { peer, message } = await tester.firstToReceive(peers);
      await pause(250);
      await peer.answer(message);
      const line = await asked;
      expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 2 });
      expectTook(Number(line.fields.us), 400);
      return line.fields.nb_received === '0' ? 'as C' : 'as ours';
    },
  },
  C54: {
    title: 'answers of two peers',
    stimulus: 'an asynchronous request to two peers; each combination of REP, IGN and silence',
    expectation:
      'nb_sent/nb_received: REP+REP 2/2, IGN+REP 1/1, IGN+IGN 0/0, silence+REP 2/1, twice silence 2/0, silence+IGN 1/0',
    async run(tester) {
      const peers = pair(tester);
      for (const { answers, ...counts } of COMBINATIONS) {
        const from = tester.driver.lines.length;
        await tester.command(`areq combined - ${answers.includes('' as never) ? 200 : 3000}`);
        for (const [i, peer] of peers.entries()) {
          const request = await peer.next();
          if (answers[i] === 'REP') await peer.answer(request);
          if (answers[i] === 'IGN') await peer.ignore(request);
        }
        expectFields(await tester.line('areply', { from }), counts);
      }
    },
  },
});

/** Binds two peers. */
function pair(tester: Tester): [RawPeer, RawPeer] {
  return [tester.addPeer('b'), tester.addPeer('c')];
}

import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import { EAGAIN } from '../../../sys/errors.js';
import { DRIVEN, defineChecks } from '../check.js';
import { expectEqual, expectFields, expectThat, pause, queueLength, until } from '../expect.js';
import { paramOf, type RawPeer, wordIn } from '../raw-peer.js';
import type { Tester } from '../tester.js';

/** A call that takes longer is blocked. */
const BLOCKED_MS = 150;

const REQUESTS = 200;
const FLOOD = 5_000;

/** Section 6.5: full queues and load. */
export const LOAD = defineChecks(DRIVEN, {
  C67: {
    title: 'peer that does not read',
    stimulus:
      'messages until the queue of the peer is full (stock: 11), one more; then a request with a timeout of 300 ms',
    expectation:
      'all but the last return at once; the last, and the request, block until the peer reads one, whatever the timeout',
    ours: {
      expectation: 'the last one waits in the background; the request fails with ETIMEDOUT after 300 ms',
      why: 'a timeout holds for sending, too',
    },
    async run(tester) {
      const { mainPeer } = tester;
      mainPeer.stopReading();
      for (let i = 0; i < queueLength(); i++) {
        expectFields(await tester.command('bcast any -'), { ret: 0 });
      }
      const last = tester.command('bcast any -');
      expectThat(!(await isSettled(last, BLOCKED_MS)), 'the message did not wait for room');
      mainPeer.dropOne();
      expectFields(await last, { ret: 0 });
      const asked = tester.command('req any - 300');
      const hasTimedOut = await isSettled(asked, 600);
      mainPeer.dropOne();
      const line = await asked;
      mainPeer.read();
      expectFields(line, { ret: -1, errno: 'ETIMEDOUT' });
      if (hasTimedOut) return 'as ours';
      expectThat(Number(line.fields.us) >= 550_000, `it took ${line.fields.us} µs`);
      for (let i = 1; i < queueLength(); i++)
        expectEqual((await mainPeer.next()).type, MpType.MSG, 'the type');
      expectEqual((await mainPeer.next()).type, MpType.REQ, 'the type of what came last');
      return 'as C';
    },
  },
  C68: {
    title: 'requester that does not read',
    stimulus: '200 REQs from a peer that does not read the replies',
    expectation: 'it can send about twice its queue (stock: 23); all other peers wait until it reads',
    ours: {
      expectation: 'all are accepted, and no other peer waits',
      why: 'one peer must not stop all others',
    },
    async run(tester) {
      const stuck = tester.addPeer('stuck', `${tester.subject.directory}/mp_stuck`);
      stuck.stopReading();
      const accepted = await sendWhileRoom(tester, stuck);
      const other = tester.addPeer('other');
      const probed = tester.probe(other);
      probed.catch(() => {}); // awaited below
      const isFree = await isSettled(probed, BLOCKED_MS);
      stuck.read();
      await probed;
      if (isFree && accepted === REQUESTS) return 'as ours';
      const room = 2 * queueLength() + 1;
      expectThat(Math.abs(accepted - room) <= 1, `${accepted} were accepted instead of ${room}`);
      expectThat(!isFree, 'another peer was answered meanwhile');
      return 'as C';
    },
  },
  C69: {
    title: 'load',
    stimulus: '5000 MSGs each way, and 5000 REQs that are echoed',
    expectation: 'all arrive, the replies in order',
    async run(tester) {
      const { mainPeer } = tester;
      const flooding = tester.command(`flood numbered ${FLOOD}`, 30_000);
      await expectNumbered(mainPeer);
      expectFields(await flooding, { sent: FLOOD });
      await tester.command('count');
      for (let i = 0; i < FLOOD; i++)
        await mainPeer.send({ type: MpType.MSG, name: 'count', param: paramOf(4, 0, i) });
      await tester.probe();
      expectFields(await tester.command('count'), { n: FLOOD, in_order: 1 });
      for (let i = 0; i < FLOOD; i++) await mainPeer.send({ name: 'echo', param: paramOf(4, 0, i) });
      await expectNumbered(mainPeer);
      await until(() => mainPeer.waiting === 0, 'there are more replies than requests');
    },
  },
});

async function isSettled(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  return Promise.race([promise.then(() => true), pause(withinMs).then(() => false)]);
}

/** Sends requests until there has been no room for a while; returns how many were accepted. */
async function sendWhileRoom(tester: Tester, peer: RawPeer): Promise<number> {
  const request = tester.datagram({ name: 'echo', param: 'x' });
  let accepted = 0;
  let lastSent = nowMs();
  while (accepted < REQUESTS && nowMs() - lastSent < 2 * BLOCKED_MS) {
    const result = peer.trySend(request);
    if (result === -EAGAIN) {
      await pause(1);
      continue;
    }
    expectEqual(result, 0, 'the result of sendmsg');
    accepted += 1;
    lastSent = nowMs();
  }
  return accepted;
}

async function expectNumbered(peer: RawPeer): Promise<void> {
  for (let i = 0; i < FLOOD; i++) expectEqual(wordIn(await peer.next(), 0), i, 'the next number');
}

import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import { EAGAIN } from '../../../sys/errors.js';
import type { Check } from '../check.js';
import { expectFields, type Stage } from '../stage.js';
import { expectEqual, expectThat, queueLength, until } from '../verdict.js';

/** Long enough to tell a call that blocks from one that is on its way. */
const BLOCKED_MS = 150;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function isSettled(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  return Promise.race([promise.then(() => true), pause(withinMs).then(() => false)]);
}

const C67: Check = {
  id: 'C67',
  title: 'peer that does not read',
  stimulus:
    'messages until the queue of the peer is full (stock: 11), one more; then a request with a timeout of 300 ms',
  expectation:
    'all but the last return at once; the last, and the request, block until the peer reads one, whatever the timeout',
  needs: ['driver'],
  ours: {
    expectation: 'the last one waits in the background; the request fails with ETIMEDOUT after 300 ms',
    why: 'a timeout holds for sending, too',
  },
  async run(stage) {
    const { main } = stage;
    main.stopReading();
    for (let i = 0; i < queueLength(); i++) {
      expectFields((await stage.command('bcast any -')).line, { ret: 0 });
    }
    const last = stage.command('bcast any -');
    expectThat(!(await isSettled(last, BLOCKED_MS)), 'the message did not wait for room');
    main.readOne();
    expectFields((await last).line, { ret: 0 });
    const asked = stage.command('req any - 300');
    const isDone = await isSettled(asked, 600);
    main.readOne();
    const { line } = await asked;
    main.read();
    expectFields(line, { ret: -1, errno: 'ETIMEDOUT' });
    if (isDone) return 'as ours';
    expectThat(Number(line.fields.us) >= 550_000, `it took ${line.fields.us} µs`);
    for (let i = 1; i < queueLength(); i++) expectEqual((await main.next()).type, MpType.MSG, 'the type');
    expectEqual((await main.next()).type, MpType.REQ, 'the type of what came last');
    return 'as C';
  },
};

const REQUESTS = 200;

const C68: Check = {
  id: 'C68',
  title: 'requester that does not read',
  stimulus: '200 REQs from a peer that does not read the replies',
  expectation: 'it can send about twice its queue (stock: 23); everybody else waits until it reads',
  needs: ['driver'],
  ours: { expectation: 'all are taken, and nobody else waits', why: 'one peer must not stop all others' },
  async run(stage) {
    const stuck = stage.peer('stuck', `${stage.subject.directory}/mp_stuck`);
    stuck.stopReading();
    const accepted = await sendWhileRoom(stage, stuck);
    const other = stage.peer('other');
    const probed = stage.probe(other);
    probed.catch(() => {}); // awaited below
    const isFree = await isSettled(probed, BLOCKED_MS);
    stuck.read();
    await probed;
    if (isFree && accepted === REQUESTS) return 'as ours';
    const room = 2 * queueLength() + 1;
    expectThat(accepted >= room - 1 && accepted <= room + 1, `${accepted} were accepted instead of ${room}`);
    expectThat(!isFree, 'another peer was answered meanwhile');
    return 'as C';
  },
};

/** Sends until there has been no room for a while; how many went out. */
async function sendWhileRoom(stage: Stage, peer: { trySend(bytes: Uint8Array): number }): Promise<number> {
  const request = stage.datagram({ name: 'echo', param: 'x' });
  let accepted = 0;
  let lastSent = nowMs();
  while (accepted < REQUESTS && nowMs() - lastSent < 2 * BLOCKED_MS) {
    const result = peer.trySend(request);
    if (result === 0) {
      accepted += 1;
      lastSent = nowMs();
    } else {
      expectEqual(result, -EAGAIN, 'the error of sendmsg');
      await pause(1);
    }
  }
  return accepted;
}

const COUNT = 5_000;

function numbered(number: number): Uint8Array {
  const param = new Uint8Array(4);
  new DataView(param.buffer).setUint32(0, number, true);
  return param;
}

function numberIn(param: Uint8Array): number {
  return new DataView(param.buffer, param.byteOffset).getUint32(0, true);
}

const C69: Check = {
  id: 'C69',
  title: 'load',
  stimulus: '5000 MSGs each way, and 5000 REQs that are echoed',
  expectation: 'all arrive, the replies in order',
  needs: ['driver'],
  async run(stage) {
    await receiveFlood(stage);
    await sendFlood(stage);
    await echoFlood(stage);
    return undefined;
  },
};

async function receiveFlood(stage: Stage): Promise<void> {
  const { main } = stage;
  const flooding = stage.command(`flood numbered ${COUNT}`, 30_000);
  for (let i = 0; i < COUNT; i++) expectEqual(numberIn((await main.next()).param), i, 'the next number');
  expectFields((await flooding).line, { sent: COUNT });
}

async function sendFlood(stage: Stage): Promise<void> {
  await stage.command('count');
  for (let i = 0; i < COUNT; i++) {
    await stage.main.send({ type: MpType.MSG, name: 'count', param: numbered(i) });
  }
  await stage.probe();
  expectFields((await stage.command('count')).line, { n: COUNT, in_order: 1 });
}

async function echoFlood(stage: Stage): Promise<void> {
  const { main } = stage;
  for (let i = 0; i < COUNT; i++) await main.send({ name: 'echo', param: numbered(i) });
  for (let i = 0; i < COUNT; i++) expectEqual(numberIn((await main.next()).param), i, 'the next reply');
  await until(() => main.waiting === 0, 'there are more replies than requests');
}

/** Section 6.5's checks of full queues and load. */
export const LOAD: readonly Check[] = [C67, C68, C69];

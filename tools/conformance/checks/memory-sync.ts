import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import type { Check } from '../check.js';
import type { RawMessage, RawPeer } from '../raw-peer.js';
import { driverOf, runCommand, type Stage } from '../stage.js';
import type { Subject } from '../subject.js';
import { expectEqual, expectThat } from '../verdict.js';

const NO_MEMORY = 'a Node process has no heap that EAL could make grow';

// struct malloc_mp_req (malloc_mp.h)
const ID = 64;
const RESULT = 72;
const FAIL = 1;

/** More than any process here has at its start. */
const ZONE_BYTES = 6 << 20;

type Answer = 'success' | 'ignore' | 'fail' | 'wrong id';

let zones = 0;

/** Makes the heap of a process grow by a new zone. */
function grow(subject: Subject, timeoutMs = 8_000) {
  zones += 1;
  return runCommand(driverOf(subject), `reserve GROWTH${zones} ${ZONE_BYTES}`, timeoutMs);
}

async function answer(peer: RawPeer, request: RawMessage, how: Answer): Promise<void> {
  if (how === 'ignore') return peer.ignore(request);
  const param = Uint8Array.from(request.param);
  if (how === 'fail') param[RESULT] = FAIL;
  if (how === 'wrong id') param[ID] = (param[ID] ?? 0) ^ 1;
  return peer.answer(request, { param });
}

function idOf({ param }: RawMessage): string {
  return Buffer.from(param.subarray(ID, ID + 8)).toString('hex');
}

const C77: Check = {
  id: 'C77',
  title: 'memory of a primary grows',
  stimulus: "a primary's heap grows; the peer answers SUCCESS; IGN; FAIL; with a wrong id",
  expectation: 'the allocation succeeds in all four',
  roles: ['primary'],
  destructive: true,
  needs: ['driver', 'memory', 'place'],
  notForOurs: NO_MEMORY,
  async run(stage) {
    const { main, subject } = stage;
    main.takesBuiltIns = true;
    for (const how of ['success', 'ignore', 'fail', 'wrong id'] as const) {
      const growing = grow(subject);
      const request = await main.next();
      expectEqual([request.type, request.name], [MpType.REQ, 'mp_malloc_sync'], 'type and name');
      await answer(main, request, how);
      expectGrown((await growing).line.fields, true, how);
    }
    return undefined;
  },
};

function expectGrown(fields: Readonly<Record<string, string>>, hasGrown: boolean, how: string): void {
  const isDone = fields.ret === undefined;
  expectThat(isDone === hasGrown, `the allocation ${isDone ? 'succeeded' : 'failed'} after '${how}'`);
}

const C78: Check = {
  id: 'C78',
  title: 'memory of a primary grows, silent peer',
  stimulus: "a primary's heap grows; the peer is silent",
  expectation: 'the allocation fails after 10 s; two REQs 5 s apart, with different ids',
  roles: ['primary'],
  destructive: true,
  slow: true,
  needs: ['driver', 'memory', 'place'],
  notForOurs: NO_MEMORY,
  async run(stage) {
    const { main, subject } = stage;
    main.takesBuiltIns = true;
    const start = nowMs();
    const growing = grow(subject, 20_000);
    const first = await main.next();
    const second = await main.next(8_000);
    expectEqual(seconds(start), 5, 'the seconds between both requests');
    expectEqual([first.name, second.name], ['mp_malloc_sync', 'mp_malloc_sync'], 'the names');
    expectThat(idOf(first) !== idOf(second), 'both have the same id');
    expectGrown((await growing).line.fields, false, 'silence');
    expectEqual(seconds(start), 10, 'the seconds it took');
    return undefined;
  },
};

function seconds(start: number): number {
  return Math.round((nowMs() - start) / 1000);
}

/** A primary, a secondary, and a peer of theirs that answers built-in requests itself. */
async function family(stage: Stage): Promise<{ secondary: Subject; peer: RawPeer }> {
  const place = await stage.place();
  const primary = await stage.start(place, 'primary');
  const secondary = await stage.start(place, 'secondary');
  const peer = stage.peerOf(primary, `${place.directory}/mp_socket_${process.pid}_a`);
  peer.takesBuiltIns = true;
  return { secondary, peer };
}

const C79: Check = {
  id: 'C79',
  title: 'memory of a secondary grows',
  stimulus: "a secondary's heap grows; the peer answers FAIL; a wrong id; IGN",
  expectation:
    'the peer gets sync, rollback and a response of 1, the allocation fails; the same; sync and a response of 0, it succeeds',
  roles: ['secondary'],
  destructive: true,
  needs: ['driver', 'memory', 'place'],
  notForOurs: NO_MEMORY,
  async run(stage) {
    const { secondary, peer } = await family(stage);
    for (const how of ['fail', 'wrong id', 'ignore'] as const) {
      const isFine = how === 'ignore';
      const growing = grow(secondary);
      await answer(peer, await nextNamed(peer, 'mp_malloc_sync'), how);
      if (!isFine) await answer(peer, await nextNamed(peer, 'mp_malloc_rollback'), 'ignore');
      const response = await nextNamed(peer, 'mp_malloc_response');
      expectEqual([response.type, response.param[RESULT]], [MpType.MSG, isFine ? 0 : FAIL], 'the response');
      expectGrown((await growing).line.fields, isFine, how);
    }
    return undefined;
  },
};

async function nextNamed(peer: RawPeer, name: string, timeoutMs?: number): Promise<RawMessage> {
  const message = await peer.next(timeoutMs);
  expectEqual(message.name, name, 'the next message');
  return message;
}

const C80: Check = {
  id: 'C80',
  title: 'memory of a secondary grows, silent peer',
  stimulus: "a secondary's heap grows; the peer is silent",
  expectation: 'the allocation fails at 5 s; the peer gets the rollback at 5 s, a response of 1 at 10 s',
  roles: ['secondary'],
  destructive: true,
  slow: true,
  needs: ['driver', 'memory', 'place'],
  notForOurs: NO_MEMORY,
  async run(stage) {
    const { secondary, peer } = await family(stage);
    const start = nowMs();
    const growing = grow(secondary, 20_000).then(({ line }) => ({ line, took: seconds(start) }));
    await nextNamed(peer, 'mp_malloc_sync');
    await nextNamed(peer, 'mp_malloc_rollback', 8_000);
    expectEqual(seconds(start), 5, 'the seconds until the rollback');
    const { line, took } = await growing;
    expectGrown(line.fields, false, 'silence');
    expectEqual(took, 5, 'the seconds until the allocation failed');
    const response = await nextNamed(peer, 'mp_malloc_response', 8_000);
    expectEqual([response.param[RESULT], seconds(start)], [FAIL, 10], 'the response and its seconds');
    return undefined;
  },
};

/** An ALLOC of one hugepage, as a secondary asks for it. */
function allocation(id: number): Uint8Array {
  const param = new Uint8Array(80);
  const view = new DataView(param.buffer);
  view.setBigUint64(16, 2n << 20n, true); // page size
  view.setBigUint64(24, 2n << 20n, true); // element size
  view.setBigUint64(40, 64n, true); // align
  view.setBigUint64(ID, BigInt(id), true);
  return param;
}

const C81: Check = {
  id: 'C81',
  title: 'id used twice',
  stimulus: "two overlapping MSGs 'mp_malloc_request' with the same id",
  expectation: 'the primary dies',
  roles: ['primary'],
  destructive: true,
  slow: true,
  needs: ['driver', 'memory', 'place'],
  notForOurs: NO_MEMORY,
  async run(stage) {
    const { main, subject } = stage;
    main.takesBuiltIns = true;
    const request = { type: MpType.MSG, name: 'mp_malloc_request', param: allocation(4711) };
    await main.send(request);
    await nextNamed(main, 'mp_malloc_sync');
    await main.send(request);
    const deadline = nowMs() + 25_000;
    while (subject.isRunning() && nowMs() < deadline) await main.nextOrNothing(100);
    expectThat(!subject.isRunning(), 'it still runs after 25 s');
    return undefined;
  },
};

/** Section 6.6's checks of memory. */
export const MEMORY: readonly Check[] = [C77, C78, C79, C80, C81];

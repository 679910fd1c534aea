import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import { defineChecks } from '../check.js';
import { expectEqual, expectThat, secondsSince } from '../expect.js';
import type { RawMessage, RawPeer } from '../raw-peer.js';
import type { Subject } from '../subject.js';
import { runCommand, type Tester } from '../tester.js';

const GROWING_MEMORY = {
  destructive: true,
  needs: ['driver', 'memory', 'processes'],
  notForOurs: 'a Node process has no EAL heap that could grow',
} as const;

// struct malloc_mp_req (malloc_mp.h)
const ID = 64;
const RESULT = 72;
const FAIL = 1;

/** More memory than the subjects have at their start. */
const ZONE_BYTES = 6 << 20;

/** How the peer answers a message about memory. */
type SyncAnswer = 'success' | 'ignore' | 'fail' | 'wrong id';

/** Section 6.6: shared memory that grows. */
export const MEMORY = defineChecks(GROWING_MEMORY, {
  C77: {
    title: 'memory of a primary grows',
    stimulus: "a primary's heap grows; the peer answers SUCCESS; IGN; FAIL; with a wrong id",
    expectation: 'the allocation succeeds in all four',
    roles: ['primary'],
    async run(tester) {
      const { subject } = tester;
      const peer = tester.takeBuiltIns();
      for (const how of ['success', 'ignore', 'fail', 'wrong id'] as const) {
        const growing = grow(subject);
        const request = await peer.next();
        expectEqual([request.type, request.name], [MpType.REQ, 'mp_malloc_sync'], 'type and name');
        await answer(peer, request, how);
        expectGrown((await growing).fields, true, how);
      }
    },
  },
  C78: {
    title: 'memory of a primary grows, silent peer',
    stimulus: "a primary's heap grows; the peer is silent",
    expectation: 'the allocation fails after 10 s; two REQs 5 s apart, with different ids',
    roles: ['primary'],
    slow: true,
    async run(tester) {
      const { subject } = tester;
      const peer = tester.takeBuiltIns();
      const start = nowMs();
      const growing = grow(subject, 20_000);
      const first = await peer.next();
      const second = await peer.next(8_000);
      expectEqual(secondsSince(start), 5, 'the seconds between both requests');
      expectEqual([first.name, second.name], ['mp_malloc_sync', 'mp_malloc_sync'], 'the names');
      expectThat(idOf(first) !== idOf(second), 'both have the same id');
      expectGrown((await growing).fields, false, 'silence');
      expectEqual(secondsSince(start), 10, 'the seconds it took');
    },
  },
  C79: {
    title: 'memory of a secondary grows',
    stimulus: "a secondary's heap grows; the peer answers FAIL; a wrong id; IGN",
    expectation:
      'the peer gets sync, rollback and a response of 1, the allocation fails; the same; sync and a response of 0, it succeeds',
    roles: ['secondary'],
    async run(tester) {
      const { secondary, peer } = await startPair(tester);
      for (const how of ['fail', 'wrong id', 'ignore'] as const) {
        const isFine = how === 'ignore';
        const growing = grow(secondary);
        await answer(peer, await nextNamed(peer, 'mp_malloc_sync'), how);
        if (!isFine) await answer(peer, await nextNamed(peer, 'mp_malloc_rollback'), 'ignore');
        const response = await nextNamed(peer, 'mp_malloc_response');
        expectEqual([response.type, response.param[RESULT]], [MpType.MSG, isFine ? 0 : FAIL], 'the response');
        expectGrown((await growing).fields, isFine, how);
      }
    },
  },
  C80: {
    title: 'memory of a secondary grows, silent peer',
    stimulus: "a secondary's heap grows; the peer is silent",
    expectation: 'the allocation fails at 5 s; the peer gets the rollback at 5 s, a response of 1 at 10 s',
    roles: ['secondary'],
    slow: true,
    async run(tester) {
      const { secondary, peer } = await startPair(tester);
      const start = nowMs();
      const growing = grow(secondary, 20_000).then(({ fields }) => ({ fields, took: secondsSince(start) }));
      await nextNamed(peer, 'mp_malloc_sync');
      await nextNamed(peer, 'mp_malloc_rollback', 8_000);
      expectEqual(secondsSince(start), 5, 'the seconds until the rollback');
      const { fields, took } = await growing;
      expectGrown(fields, false, 'silence');
      expectEqual(took, 5, 'the seconds until the allocation failed');
      const response = await nextNamed(peer, 'mp_malloc_response', 8_000);
      expectEqual([response.param[RESULT], secondsSince(start)], [FAIL, 10], 'the response and its seconds');
    },
  },
  C81: {
    title: 'id used twice',
    stimulus: "two overlapping MSGs 'mp_malloc_request' with the same id",
    expectation: 'the primary dies',
    roles: ['primary'],
    slow: true,
    async run(tester) {
      const { subject } = tester;
      const peer = tester.takeBuiltIns();
      const request = { type: MpType.MSG, name: 'mp_malloc_request', param: allocation(4711) };
      await peer.send(request);
      await nextNamed(peer, 'mp_malloc_sync');
      await peer.send(request);
      const deadline = nowMs() + 25_000;
      while (subject.isRunning() && nowMs() < deadline) await peer.nextOrNothing(100);
      expectThat(!subject.isRunning(), 'it still runs after 25 s');
    },
  },
});

let zones = 0;

/** Makes the heap of a process grow: reserves a new zone. */
function grow(subject: Subject, timeoutMs = 8_000) {
  zones += 1;
  return runCommand(subject, `reserve GROWTH${zones} ${ZONE_BYTES}`, timeoutMs);
}

async function answer(peer: RawPeer, request: RawMessage, how: SyncAnswer): Promise<void> {
  if (how === 'ignore') return peer.ignore(request);
  const param = Uint8Array.from(request.param);
  if (how === 'fail') param[RESULT] = FAIL;
  if (how === 'wrong id') param[ID] = (param[ID] ?? 0) ^ 1;
  return peer.answer(request, { param });
}

function idOf({ param }: RawMessage): string {
  return Buffer.from(param.subarray(ID, ID + 8)).toString('hex');
}

function expectGrown(fields: Readonly<Record<string, string>>, hasGrown: boolean, how: string): void {
  const isReserved = fields.ret === undefined;
  expectThat(isReserved === hasGrown, `the allocation ${isReserved ? 'succeeded' : 'failed'} after '${how}'`);
}

/** Starts a primary and a secondary, and binds a peer of the primary that keeps EAL's messages for the check. */
async function startPair(tester: Tester): Promise<{ secondary: Subject; peer: RawPeer }> {
  const { prefix, primary } = await tester.startPrimary();
  const secondary = await tester.start(prefix, 'secondary');
  const peer = tester.addPeerOf(primary, 'a');
  peer.takesBuiltIns = true;
  return { secondary, peer };
}

async function nextNamed(peer: RawPeer, name: string, timeoutMs?: number): Promise<RawMessage> {
  const message = await peer.next(timeoutMs);
  expectEqual(message.name, name, 'the next message');
  return message;
}

/** The param of a secondary's request for one hugepage (REQ_TYPE_ALLOC). */
function allocation(id: number): Uint8Array {
  const param = new Uint8Array(80);
  const view = new DataView(param.buffer);
  view.setBigUint64(16, 2n << 20n, true); // page size
  view.setBigUint64(24, 2n << 20n, true); // element size
  view.setBigUint64(40, 64n, true); // align
  view.setBigUint64(ID, BigInt(id), true);
  return param;
}

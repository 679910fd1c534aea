import { readSync } from 'node:fs';
import { MpType } from '../../../protocol/message.js';
import { type Behaviour, DRIVEN, defineChecks, SEPARATE_PROCESSES } from '../check.js';
import { expectEqual, expectErrno, expectFields, expectThat } from '../expect.js';
import type { RawMessage } from '../raw-peer.js';
import { runCommand, type Tester } from '../tester.js';

/** Linux has one number for ENOTSUP and EOPNOTSUPP; this is glibc's name for it. */
const ENOTSUP = 'EOPNOTSUPP';
const CALLS = ['send', 'sync', 'async'] as const;
const NO_NEGATIVE = {
  expectation: 'E2BIG; -1 can not be expressed',
  why: 'the length of an array is never negative',
};

/** Section 6.1: arguments of calls. */
export const API_INPUT = defineChecks(DRIVEN, {
  C1: {
    title: 'empty name',
    stimulus: 'register, send, request with an empty name',
    expectation: 'EINVAL, nothing sent',
    async run(tester) {
      expectErrno(await tester.command('register empty'), 'EINVAL');
      await expectRefused(tester, 'empty', [0, 0], 'EINVAL');
    },
  },
  C2: {
    title: 'length of names',
    stimulus: 'a name of 63 bytes; one of 64',
    expectation: 'accepted and delivered intact; E2BIG',
    async run(tester) {
      const { name } = await sent(tester, 'raw send x:63');
      expectEqual(name, 'x'.repeat(63), 'the name delivered');
      expectErrno(await tester.command('register x:64'), 'E2BIG');
      await expectRefused(tester, 'x:64', [0, 0], 'E2BIG');
      expectFields(await tester.command('register x:63'), { ret: 0 });
      await tester.command('unregister x:63');
    },
  },
  C3: {
    title: 'a name registered twice',
    stimulus: 'register the same name twice',
    expectation: 'EEXIST',
    async run(tester) {
      expectFields(await tester.command('register double'), { ret: 0 });
      expectErrno(await tester.command('register double'), 'EEXIST');
      await tester.command('unregister double');
      expectFields(await tester.command('register double'), { ret: 0 });
      await tester.command('unregister double');
    },
  },
  C4: {
    title: 'no name',
    stimulus: 'register NULL; unregister NULL; unregister an unknown name',
    expectation: 'EINVAL; no effect; no effect',
    async run(tester) {
      expectErrno(await tester.command('register null'), 'EINVAL');
      await tester.command('unregister null');
      await tester.command('unregister nobody');
      await tester.probe();
    },
  },
  C5: {
    title: 'length of params',
    stimulus: 'len_param 0 and 256',
    expectation: 'delivered; the datagram has the same length',
    async run(tester) {
      for (const len of [0, 256]) {
        const { param, length } = await sent(tester, `raw send any ${len} 0`);
        expectEqual(
          [param.length, length],
          [len, tester.dialect.wireLength],
          'len_param and datagram length',
        );
      }
    },
  },
  C6: {
    title: 'bad lengths of params',
    stimulus: 'len_param 257; -1',
    expectation: 'E2BIG; EINVAL',
    ours: NO_NEGATIVE,
    run: (tester) => expectBothRefused(tester, [257, 0], [-1, 0]),
  },
  C7: {
    title: 'descriptors',
    stimulus: 'num_fds 0; 8',
    expectation: 'sent; 8 descriptors arrive in order',
    async run(tester) {
      const held = [0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x61];
      for (const count of [0, 8]) {
        const { numFds, fds } = await sent(tester, `bcastfd any - ${count}`);
        expectEqual(numFds, count, 'num_fds');
        expectEqual(
          fds.map(({ fd }) => firstByte(fd)),
          held.slice(0, count),
          'what the descriptors hold',
        );
      }
    },
  },
  C8: {
    title: 'too many descriptors',
    stimulus: 'num_fds one above the limit (8; 253 from 24.11 on); -1',
    expectation: 'E2BIG; EINVAL',
    ours: NO_NEGATIVE,
    run: (tester) => expectBothRefused(tester, [0, tester.dialect.maxFds + 1], [0, -1]),
  },
  C9: {
    title: 'order of the checks',
    stimulus: 'len_param 257 and too many descriptors; len_param -1 and too many descriptors',
    expectation: 'E2BIG; EINVAL: negative counts are checked first',
    ours: NO_NEGATIVE,
    run(tester) {
      const tooMany = tester.dialect.maxFds + 1;
      return expectBothRefused(tester, [257, tooMany], [-1, tooMany]);
    },
  },
  C10: {
    title: 'no message, no peer',
    stimulus: 'send NULL; reply to NULL',
    expectation: 'EINVAL; EINVAL',
    async run(tester) {
      expectErrno(await tester.command('raw send null'), 'EINVAL');
      expectErrno(await tester.command('raw reply any'), 'EINVAL');
    },
  },
  C11: {
    title: 'no timeout',
    stimulus: 'a synchronous request with a NULL timeout',
    expectation: 'the process dies with SIGSEGV',
    ...SEPARATE_PROCESSES,
    ours: { expectation: 'EINVAL', why: 'an argument must not end a process' },
    async run(tester) {
      const { implementation, driver } = tester.subject;
      if (implementation === 'C') {
        await driver?.command('raw notimeout any', 3_000).catch(() => {});
        expectThat(!tester.subject.isRunning(), 'it still runs');
        return 'as C';
      }
      expectErrno(await tester.command('raw notimeout any'), 'EINVAL');
      await tester.probe();
      return 'as ours';
    },
  },
  C12: {
    title: 'timeout of zero',
    stimulus: 'a request with a timeout of zero, synchronous and asynchronous',
    expectation: 'the REQ reaches the peer; ETIMEDOUT with nb_sent 1; -1 without an errno, and no callback',
    ours: { expectation: 'EINVAL, nothing sent', why: 'C sends a request whose answer it refuses' },
    async run(tester) {
      const { mainPeer } = tester;
      const sync = await tester.command('req zero - 0');
      const async = await tester.command('areq zero - 0');
      if (sync.fields.errno === 'EINVAL') {
        expectErrno(async, 'EINVAL');
        await tester.expectNothingFor();
        return 'as ours';
      }
      expectFields(sync, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1, nb_received: 0 });
      expectFields(async, { ret: -1, errno: 0 });
      for (let i = 0; i < 2; i++) expectEqual((await mainPeer.next()).type, MpType.REQ, 'the type');
      await tester.expectNothingFor();
      expectEqual(tester.lines('areply').length, 0, 'the number of callbacks');
      return 'as C';
    },
  },
  C13: {
    title: 'IPC turned off',
    stimulus: 'any call in a process with --no-shconf',
    expectation: 'register, send, request: ENOTSUP; reply: 0; unregister: silent',
    roles: ['primary'],
    destructive: true,
    needs: ['driver', 'processes', 'eal'],
    notForOurs: 'a channel that is not opened has no calls',
    async run(tester) {
      const prefix = await tester.newPrefix();
      const subject = await tester.start(prefix, 'primary', {
        args: ['--no-shconf'],
        env: { NO_ACTIONS: '1' },
      });
      const run = (text: string) => runCommand(subject, text);
      expectErrno(await run('register any'), ENOTSUP);
      for (const call of CALLS) expectErrno(await run(`raw ${call} any`), ENOTSUP);
      expectFields(await run('replyto any /nowhere'), { ret: 0 });
      expectFields(await run('unregister any'), { errno: 0 });
    },
  },
});

/** Expects that all three calls refuse a message, and that nothing is sent. */
async function expectRefused(tester: Tester, name: string, counts: Counts, errno: string): Promise<void> {
  const { mainPeer } = tester; // bound before the calls
  for (const call of CALLS)
    expectErrno(await tester.command(`raw ${call} ${name} ${counts.join(' ')}`), errno);
  await tester.expectNothingFor(mainPeer);
}

type Counts = readonly [len: number, fds: number];

/** Expects E2BIG for counts that are too large and EINVAL for negative ones, which a driver's API may not express. */
async function expectBothRefused(tester: Tester, large: Counts, negative: Counts): Promise<Behaviour> {
  await expectRefused(tester, 'any', large, 'E2BIG');
  const { fields } = await tester.command(`raw send any ${negative.join(' ')}`);
  if (fields.errno === 'ENOSYS') return 'as ours';
  await expectRefused(tester, 'any', negative, 'EINVAL');
  return 'as C';
}

/** Has the subject send a message, and returns it as it arrives. */
async function sent(tester: Tester, command: string): Promise<RawMessage> {
  const { mainPeer } = tester;
  expectFields(await tester.command(command), { ret: 0 });
  return mainPeer.next();
}

function firstByte(fd: number): number | undefined {
  const buffer = Buffer.alloc(1);
  return readSync(fd, buffer) === 1 ? buffer[0] : undefined;
}

import { readSync } from 'node:fs';
import { MpType } from '../../../protocol/message.js';
import type { Behaviour, Check } from '../check.js';
import type { RawPeer } from '../raw-peer.js';
import { driverOf, expectErrno, expectFields, runCommand, type Stage } from '../stage.js';
import { expectEqual, expectThat } from '../verdict.js';

/** Linux has one number for both; glibc calls it so. */
const ENOTSUP = 'EOPNOTSUPP';
const CALLS = ['send', 'sync', 'async'] as const;
const NO_NUMBER = 'an array has no length besides its own';

/** All three calls refuse this message, and nothing goes out. */
async function expectRefused(stage: Stage, name: string, len: number, fds: number, errno: string) {
  for (const call of CALLS) {
    const { line } = await stage.command(`raw ${call} ${name} ${len} ${fds}`);
    expectErrno(line, errno);
  }
  await stage.expectNothingFor();
}

/** The one where a count is negative; a driver that can't say it says ENOSYS. */
async function expectNegativeRefused(stage: Stage, len: number, fds: number): Promise<Behaviour> {
  const { line } = await stage.command(`raw send any ${len} ${fds}`);
  if (line.fields.errno === 'ENOSYS') return 'as ours';
  await expectRefused(stage, 'any', len, fds, 'EINVAL');
  return 'as C';
}

/** What the subject sends when told to arrives; other peers of a primary don't count. */
async function sent(stage: Stage, command: string, peer: RawPeer = stage.main) {
  const { line } = await stage.command(command);
  expectFields(line, { ret: 0 });
  return peer.next();
}

function firstByte(fd: number): number | undefined {
  const buffer = Buffer.alloc(1);
  return readSync(fd, buffer) === 1 ? buffer[0] : undefined;
}

const C1: Check = {
  id: 'C1',
  title: 'empty name',
  stimulus: 'register, send, request with an empty name',
  expectation: 'EINVAL, nothing sent',
  needs: ['driver'],
  async run(stage) {
    void stage.main;
    expectErrno((await stage.command('register empty')).line, 'EINVAL');
    await expectRefused(stage, 'empty', 0, 0, 'EINVAL');
    return undefined;
  },
};

const C2: Check = {
  id: 'C2',
  title: 'length of names',
  stimulus: 'a name of 63 bytes; one of 64',
  expectation: 'accepted and delivered intact; E2BIG',
  needs: ['driver'],
  async run(stage) {
    void stage.main;
    const { name } = await sent(stage, 'raw send x:63');
    expectEqual(name, 'x'.repeat(63), 'the name delivered');
    expectErrno((await stage.command('register x:64')).line, 'E2BIG');
    await expectRefused(stage, 'x:64', 0, 0, 'E2BIG');
    expectFields((await stage.command('register x:63')).line, { ret: 0 });
    await stage.command('unregister x:63');
    return undefined;
  },
};

const C3: Check = {
  id: 'C3',
  title: 'a name registered twice',
  stimulus: 'register the same name twice',
  expectation: 'EEXIST',
  needs: ['driver'],
  async run(stage) {
    expectFields((await stage.command('register double')).line, { ret: 0 });
    expectErrno((await stage.command('register double')).line, 'EEXIST');
    await stage.command('unregister double');
    expectFields((await stage.command('register double')).line, { ret: 0 });
    await stage.command('unregister double');
    return undefined;
  },
};

const C4: Check = {
  id: 'C4',
  title: 'no name at all',
  stimulus: 'register NULL; unregister NULL; unregister an unknown name',
  expectation: 'EINVAL; no effect; no effect',
  needs: ['driver'],
  async run(stage) {
    expectErrno((await stage.command('register null')).line, 'EINVAL');
    await stage.command('unregister null');
    await stage.command('unregister nobody');
    await stage.probe();
    return undefined;
  },
};

const C5: Check = {
  id: 'C5',
  title: 'length of params',
  stimulus: 'len_param 0 and 256',
  expectation: 'delivered; the datagram has the same length',
  needs: ['driver'],
  async run(stage) {
    void stage.main;
    for (const len of [0, 256]) {
      const { param, length } = await sent(stage, `raw send any ${len} 0`);
      expectEqual([param.length, length], [len, stage.dialect.wireLength], 'len_param and datagram length');
    }
    return undefined;
  },
};

const C6: Check = {
  id: 'C6',
  title: 'bad lengths of params',
  stimulus: 'len_param 257; -1',
  expectation: 'E2BIG; EINVAL',
  needs: ['driver'],
  ours: { expectation: 'E2BIG; -1 can not be said', why: NO_NUMBER },
  async run(stage) {
    void stage.main;
    await expectRefused(stage, 'any', 257, 0, 'E2BIG');
    return expectNegativeRefused(stage, -1, 0);
  },
};

const C7: Check = {
  id: 'C7',
  title: 'descriptors',
  stimulus: 'num_fds 0; 8',
  expectation: 'sent; 8 descriptors arrive in order',
  needs: ['driver'],
  async run(stage) {
    void stage.main;
    const none = await sent(stage, 'bcastfd any - 0');
    expectEqual([none.numFds, none.fds.length], [0, 0], 'num_fds and the descriptors that came');
    const message = await sent(stage, 'bcastfd any - 8');
    expectEqual([message.numFds, message.fds.length], [8, 8], 'num_fds and the descriptors that came');
    const bytes = message.fds.map(({ fd }) => firstByte(fd));
    expectEqual(
      bytes,
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => 0x5a + i),
      'what they hold',
    );
    return undefined;
  },
};

const C8: Check = {
  id: 'C8',
  title: 'too many descriptors',
  stimulus: 'num_fds one above the limit (8; 253 from 24.11 on); -1',
  expectation: 'E2BIG; EINVAL',
  needs: ['driver'],
  ours: { expectation: 'E2BIG; -1 can not be said', why: NO_NUMBER },
  async run(stage) {
    void stage.main;
    await expectRefused(stage, 'any', 0, stage.dialect.maxFds + 1, 'E2BIG');
    return expectNegativeRefused(stage, 0, -1);
  },
};

const C9: Check = {
  id: 'C9',
  title: 'order of the checks',
  stimulus: 'len_param 257 and too many descriptors; len_param -1 and too many descriptors',
  expectation: 'E2BIG; EINVAL: negative counts are looked at first',
  needs: ['driver'],
  ours: { expectation: 'E2BIG; -1 can not be said', why: NO_NUMBER },
  async run(stage) {
    void stage.main;
    const tooMany = stage.dialect.maxFds + 1;
    await expectRefused(stage, 'any', 257, tooMany, 'E2BIG');
    return expectNegativeRefused(stage, -1, tooMany);
  },
};

const C10: Check = {
  id: 'C10',
  title: 'no message, no peer',
  stimulus: 'send NULL; reply to NULL',
  expectation: 'EINVAL; EINVAL',
  needs: ['driver'],
  async run(stage) {
    expectErrno((await stage.command('raw send null')).line, 'EINVAL');
    expectErrno((await stage.command('raw reply any')).line, 'EINVAL');
    return undefined;
  },
};

const C11: Check = {
  id: 'C11',
  title: 'no timeout',
  stimulus: 'a synchronous request with a NULL timeout',
  expectation: 'the process dies with SIGSEGV',
  destructive: true,
  needs: ['driver', 'place'],
  ours: { expectation: 'EINVAL', why: 'a process must not die of an argument' },
  async run(stage) {
    const { implementation, driver } = stage.subject;
    if (implementation === 'C') {
      await driver?.command('raw notimeout any', 3_000).catch(() => {});
      expectThat(!stage.subject.isRunning(), 'it still runs');
      return 'as C';
    }
    expectErrno((await stage.command('raw notimeout any')).line, 'EINVAL');
    await stage.probe();
    return 'as ours';
  },
};

const C12: Check = {
  id: 'C12',
  title: 'timeout of zero',
  stimulus: 'a request with a timeout of zero, synchronous and asynchronous',
  expectation: 'the REQ reaches the peer; ETIMEDOUT with nb_sent 1; -1 without an errno, and no callback',
  needs: ['driver'],
  ours: { expectation: 'EINVAL, nothing sent', why: 'C sends a request whose answer it refuses' },
  async run(stage) {
    void stage.main;
    const sync = (await stage.command('req zero - 0')).line;
    const from = stage.lineCount;
    const async = (await stage.command('areq zero - 0')).line;
    if (sync.fields.errno === 'EINVAL') {
      expectErrno(async, 'EINVAL');
      await stage.expectNothingFor();
      return 'as ours';
    }
    expectFields(sync, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1, nb_received: 0 });
    expectFields(async, { ret: -1, errno: 0 });
    for (let i = 0; i < 2; i++) expectEqual((await stage.main.next()).type, MpType.REQ, 'the type');
    await stage.expectNothingFor();
    const called = stage.driver.lines.slice(from).some(({ event }) => event === 'areply');
    expectThat(!called, 'the callback was called');
    return 'as C';
  },
};

const C13: Check = {
  id: 'C13',
  title: 'IPC turned off',
  stimulus: 'any call in a process with --no-shconf',
  expectation: 'register, send, request: ENOTSUP; reply: 0; unregister: silent',
  roles: ['primary'],
  destructive: true,
  needs: ['driver', 'place', 'eal'],
  notForOurs: 'a channel that is not opened has no calls',
  async run(stage) {
    const place = await stage.place();
    const subject = await stage.start(place, 'primary', { args: ['--no-shconf'], env: { NO_ACTIONS: '1' } });
    const run = async (text: string) => (await runCommand(driverOf(subject), text, 3_000)).line;
    expectErrno(await run('register any'), ENOTSUP);
    for (const call of CALLS) expectErrno(await run(`raw ${call} any`), ENOTSUP);
    expectFields(await run('replyto any /nowhere'), { ret: 0 });
    expectFields(await run('unregister any'), { errno: 0 });
    return undefined;
  },
};

export const API_INPUT: readonly Check[] = [C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13];

import { existsSync } from 'node:fs';
import { MpType } from '../../../protocol/message.js';
import { FileLock } from '../../../sys/file-lock.js';
import type { Check } from '../check.js';
import { driverOf, expectFields, runCommand } from '../stage.js';
import { lockWhileStarting, waitsForLock } from '../starting.js';
import type { Subject } from '../subject.js';
import { CheckFailure, expectEqual, expectThat, until } from '../verdict.js';

const C63: Check = {
  id: 'C63',
  title: 'requests during initialisation',
  stimulus: 'before its initialisation is complete: a REQ with an unknown name; a MSG, a type 9 with one',
  expectation: 'IGN of full length, name copied, param all zero; no answer',
  destructive: true,
  needs: ['driver', 'place', 'eal'],
  async run(stage) {
    const { subject, release } = await lockWhileStarting(stage);
    const peer = stage.peerOf(subject, `${subject.directory}/mp_socket_${process.pid}_early`);
    for (const type of [MpType.MSG, 9]) await peer.send({ type, name: 'nobody' });
    await peer.send({ name: 'somebody', param: 'ignored' });
    const { type, name, length, paramArea } = await peer.next();
    expectEqual([type, name, length], [MpType.IGN, 'somebody', stage.dialect.wireLength], 'the answer');
    expectThat(
      paramArea.every((byte) => byte === 0),
      'the param of the IGN is not all zero',
    );
    release();
    await ready(subject);
    return undefined;
  },
};

async function ready(subject: Subject): Promise<void> {
  await driverOf(subject).waitFor(({ event }) => event === 'READY', { from: 0, timeoutMs: 15_000 });
}

const C64: Check = {
  id: 'C64',
  title: 'broadcast to a secondary that is starting',
  stimulus:
    "a primary's synchronous request of an unknown name, before and after a secondary's initialisation",
  expectation: '0 with 0/0; ETIMEDOUT',
  roles: ['secondary'],
  destructive: true,
  needs: ['driver', 'place', 'eal'],
  ours: {
    expectation: '0 with 0/0, both times',
    why: 'unknown requests get IGN always: nobody has to wait for who knows nothing about them',
  },
  async run(stage) {
    const { subject, primary, release } = await lockWhileStarting(stage);
    if (primary === undefined) throw new CheckFailure('a secondary started without a primary');
    const ask = () => runCommand(driverOf(primary), 'req nobody - 300', 5_000);
    // a primary's broadcast waits for nobody's shared lock
    expectFields((await ask()).line, { ret: 0, nb_sent: 0, nb_received: 0 });
    release();
    await ready(subject);
    const { line } = await ask();
    if (line.fields.ret === '0') return 'as ours';
    expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1 });
    return 'as C';
  },
};

const C65: Check = {
  id: 'C65',
  title: 'start while the directory is locked',
  stimulus: 'somebody holds a shared flock on the runtime directory while a secondary starts',
  expectation: 'it waits before it binds its socket',
  roles: ['secondary'],
  destructive: true,
  needs: ['driver', 'place'],
  async run(stage) {
    const place = await stage.place();
    await stage.start(place, 'primary');
    const lock = lockOf(place.directory, 'shared');
    stage.defer(() => lock.release());
    const secondary = await stage.start(place, 'secondary', { untilReady: false });
    await startsToWait(secondary);
    expectThat(secondary.socketPath === '', `it has bound ${secondary.socketPath}`);
    lock.release();
    await ready(secondary);
    expectThat(existsSync(secondary.socketPath), 'it has no socket');
    return undefined;
  },
};

/** C blocks in flock; ours says that it opens and then keeps trying, so that some time has to pass. */
async function startsToWait(subject: Subject): Promise<void> {
  if (subject.implementation === 'C') {
    await until(() => waitsForLock(subject), 'it does not wait for the lock');
    return;
  }
  await driverOf(subject).waitFor(({ event }) => event === 'OPENING', { from: 0, timeoutMs: 15_000 });
  await new Promise((resolve) => setTimeout(resolve, 200));
}

function lockOf(directory: string, kind: 'shared' | 'exclusive'): FileLock {
  const lock = FileLock.tryLock(directory, kind);
  if (typeof lock === 'number') throw new CheckFailure(`${directory} is locked by somebody`);
  return lock;
}

const C66: Check = {
  id: 'C66',
  title: 'request while the directory is locked',
  stimulus: 'somebody holds an exclusive flock for 500 ms; a synchronous request with a timeout of 200 ms',
  expectation: 'nothing is sent until then; then it is sent, and ETIMEDOUT at once',
  roles: ['primary'],
  needs: ['driver'],
  ours: { expectation: 'ETIMEDOUT after 200 ms, nothing sent', why: 'a timeout is a timeout' },
  async run(stage) {
    const { main } = stage;
    const lock = lockOf(stage.subject.directory, 'exclusive');
    stage.defer(() => lock.release());
    const asked = stage.command('req any - 200');
    const early = await main.nextOrNothing(500);
    expectThat(early === undefined, 'it was sent while the directory was locked');
    lock.release();
    const { line } = await asked;
    expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_received: 0 });
    const micros = Number(line.fields.us);
    if (line.fields.nb_sent === '0' && micros < 400_000) {
      await stage.expectNothingFor();
      return 'as ours';
    }
    expectEqual((await main.next()).name, 'any', 'the name of what was sent');
    expectThat(micros >= 450_000, `it took ${micros} µs`);
    return 'as C';
  },
};

/** Section 6.5's checks of processes that start, and of locks. */
export const STARTING: readonly Check[] = [C63, C64, C65, C66];

import { existsSync, readFileSync } from 'node:fs';
import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import { FileLock } from '../../../sys/file-lock.js';
import { defineChecks, SEPARATE_PROCESSES } from '../check.js';
import { CheckFailure, expectEqual, expectFields, expectThat, pause, until } from '../expect.js';
import type { Subject } from '../subject.js';
import { driverOf, runCommand, startLine, type Tester } from '../tester.js';

/** Section 6.5: processes that start, and locks. */
export const STARTING = defineChecks(SEPARATE_PROCESSES, {
  C63: {
    title: 'requests during initialisation',
    stimulus: 'before its initialisation is complete: a REQ, a MSG and a type 9, each with an unknown name',
    expectation:
      'to the REQ an IGN of full length, with its name and a param of zeros; to the others no answer',
    needs: ['driver', 'processes', 'eal'],
    async run(tester) {
      const { subject, lock } = await holdStartingSubject(tester);
      const peer = tester.addPeerOf(subject, 'early');
      for (const type of [MpType.MSG, 9]) await peer.send({ type, name: 'nobody' });
      await peer.send({ name: 'somebody', param: 'ignored' });
      const { type, name, length, paramArea } = await peer.next();
      expectEqual([type, name, length], [MpType.IGN, 'somebody', tester.dialect.wireLength], 'the answer');
      expectEqual(Math.max(...paramArea), 0, 'the largest byte in the param of the IGN');
      lock.release();
      await startLine(subject, 'READY');
    },
  },
  C64: {
    title: 'broadcast to a secondary that is starting',
    stimulus:
      "a primary's synchronous request of an unknown name, before and after a secondary's initialisation",
    expectation: '0 with 0/0; ETIMEDOUT',
    roles: ['secondary'],
    needs: ['driver', 'processes', 'eal'],
    ours: {
      expectation: '0 with 0/0, both times',
      why: 'unknown requests always get IGN, so that no requester waits for them',
    },
    async run(tester) {
      const { subject, primary, lock } = await holdStartingSubject(tester);
      const ask = () => runCommand(primary, 'req nobody - 300');
      // a shared lock doesn't hold up a primary's broadcast
      expectFields(await ask(), { ret: 0, nb_sent: 0, nb_received: 0 });
      lock.release();
      await startLine(subject, 'READY');
      const line = await ask();
      if (line.fields.ret === '0') return 'as ours';
      expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1 });
      return 'as C';
    },
  },
  C65: {
    title: 'start while the directory is locked',
    stimulus: 'a process holds a shared flock on the runtime directory while a secondary starts',
    expectation: 'it waits before it binds its socket',
    roles: ['secondary'],
    async run(tester) {
      const { prefix } = await tester.startPrimary();
      const lock = await takeLock(tester, prefix.directory, 'shared');
      const secondary = await tester.start(prefix, 'secondary', { untilReady: false });
      await untilBlocked(secondary);
      expectThat(secondary.socketPath === '', `it has bound ${secondary.socketPath}`);
      lock.release();
      await startLine(secondary, 'READY');
      expectThat(existsSync(secondary.socketPath), 'it has no socket');
    },
  },
  C66: {
    title: 'request while the directory is locked',
    stimulus: 'a process holds an exclusive flock for 500 ms; a synchronous request with a timeout of 200 ms',
    expectation: 'nothing is sent until then; then it is sent, and ETIMEDOUT at once',
    destructive: false,
    roles: ['primary'],
    needs: ['driver'],
    ours: {
      expectation: 'ETIMEDOUT after 200 ms, nothing sent',
      why: 'a request must not exceed its timeout',
    },
    async run(tester) {
      const { mainPeer } = tester;
      const lock = await takeLock(tester, tester.subject.directory, 'exclusive');
      const asked = tester.command('req any - 200');
      const early = await mainPeer.nextOrNothing(500);
      expectThat(early === undefined, 'it was sent while the directory was locked');
      lock.release();
      const line = await asked;
      expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_received: 0 });
      const micros = Number(line.fields.us);
      if (line.fields.nb_sent === '0' && micros < 400_000) {
        await tester.expectNothingFor();
        return 'as ours';
      }
      expectEqual((await mainPeer.next()).name, 'any', 'the name of what was sent');
      expectThat(micros >= 450_000, `it took ${micros} µs`);
      return 'as C';
    },
  },
});

/** Waits for the `flock` of a runtime directory, and takes it. */
async function takeLock(tester: Tester, directory: string, kind: 'shared' | 'exclusive'): Promise<FileLock> {
  const deadline = nowMs() + 10_000;
  for (;;) {
    const lock = FileLock.tryLock(directory, kind);
    if (typeof lock !== 'number') {
      tester.defer(() => lock.release());
      return lock;
    }
    if (nowMs() > deadline) throw new CheckFailure('the runtime directory stays locked');
    await pause(1);
  }
}

const MAX_STARTS = 5;

/**
 * Starts a process of the subject's role and holds it, with its socket bound, before its initialisation is complete:
 * EAL's last step (`eal_clean_runtime_dir`) waits for an exclusive `flock`. Starts another one if it was too fast.
 * Resolves to the process, the lock that it waits for, and the primary of its prefix.
 */
async function holdStartingSubject(tester: Tester) {
  const prefix = await tester.newPrefix();
  const primary = tester.isPrimary ? undefined : await tester.start(prefix, 'primary');
  for (let starts = 1; ; starts++) {
    const subject = await tester.start(prefix, tester.subject.role, { untilReady: false });
    await until(() => hasSocket(subject), 'it has bound no socket');
    const lock = await takeLock(tester, prefix.directory, 'shared');
    if (await isHeld(subject)) return { subject, primary: primary ?? subject, lock };
    lock.release();
    expectThat(starts < MAX_STARTS, `${starts} processes were ready before the lock was taken`);
    await subject[Symbol.asyncDispose]();
  }
}

/** Whether the subject waits for the lock: false for one that was ready before. */
async function isHeld(subject: Subject): Promise<boolean> {
  if (subject.implementation !== 'C') return true;
  const isReady = () => driverOf(subject).lines.some(({ event }) => event === 'READY');
  await until(() => waitsForLock(subject) || isReady(), 'it neither waits for the lock nor is ready');
  return waitsForLock(subject);
}

/** Whether a C process is blocked in `flock` for the exclusive lock. */
function waitsForLock({ pid }: Subject): boolean {
  return new RegExp(`-> FLOCK +ADVISORY +WRITE ${pid} `).test(readFileSync('/proc/locks', 'utf8'));
}

function hasSocket(subject: Subject): boolean {
  if (!subject.isRunning()) throw new CheckFailure(`it ended before it had bound a socket: ${subject.log()}`);
  return subject.socketPath !== '';
}

/** Waits until a starting subject waits for the lock. C blocks in `flock`; other subjects print OPENING and poll. */
async function untilBlocked(subject: Subject): Promise<void> {
  if (subject.implementation === 'C')
    return until(() => waitsForLock(subject), 'it does not wait for the lock');
  await startLine(subject, 'OPENING');
  await pause(200);
}

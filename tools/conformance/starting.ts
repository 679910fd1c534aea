import { readFileSync } from 'node:fs';
import { FileLock } from '../../sys/file-lock.js';
import { driverOf, type Stage } from './stage.js';
import type { Subject } from './subject.js';
import { CheckFailure, until } from './verdict.js';

/** How often one is started that was ready before we had the lock. */
const MAX_STARTS = 5;

/** A process that is held before the end of its initialisation, with its socket bound. */
export interface HeldSubject {
  readonly subject: Subject;
  /** The primary that it belongs to, where it is a secondary. */
  readonly primary: Subject | undefined;
  /** Lets it go on. */
  release(): void;
}

/**
 * Starts a process of the stage's role and holds it: the last step of EAL's initialisation (`eal_clean_runtime_dir`)
 * waits for an exclusive flock, long after the socket was bound under another one.
 */
export async function lockWhileStarting(stage: Stage): Promise<HeldSubject> {
  const place = await stage.place();
  const isPrimary = stage.subject.role === 'primary';
  const primary = isPrimary ? undefined : await stage.start(place, 'primary');
  for (let starts = 1; ; starts++) {
    const subject = await stage.start(place, stage.subject.role, { untilReady: false });
    await until(() => hasSocket(subject), 'it has bound no socket');
    const release = await lockShared(place.directory);
    stage.defer(release);
    if (await isHeld(subject)) return { subject, primary, release };
    release();
    if (starts === MAX_STARTS) throw new CheckFailure('it was ready before the lock was had, each time');
    await subject[Symbol.asyncDispose]();
  }
}

/** Takes it as soon as nobody has the exclusive one; releases it. */
async function lockShared(directory: string): Promise<() => void> {
  let lock: FileLock | number = -1;
  await until(() => {
    lock = FileLock.tryLock(directory, 'shared');
    return typeof lock !== 'number';
  }, 'the runtime directory stays locked');
  return () => {
    if (typeof lock !== 'number') lock.release();
  };
}

/** False for one that was faster than us: nothing can be said about its initialisation. */
async function isHeld(subject: Subject): Promise<boolean> {
  if (subject.implementation !== 'C') return true;
  const isReady = () => driverOf(subject).lines.some(({ event }) => event === 'READY');
  await until(() => waitsForLock(subject) || isReady(), 'it neither waits for the lock nor is ready');
  return waitsForLock(subject);
}

/** C blocks in `flock` for the exclusive lock. */
export function waitsForLock({ pid }: Subject): boolean {
  return new RegExp(`-> FLOCK +ADVISORY +WRITE ${pid} `).test(readFileSync('/proc/locks', 'utf8'));
}

function hasSocket(subject: Subject): boolean {
  if (!subject.isRunning()) throw new CheckFailure(`it ended before it had bound a socket: ${subject.log()}`);
  return subject.socketPath !== '';
}

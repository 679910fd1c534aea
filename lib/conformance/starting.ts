import { FileLock } from '../sys/file-lock.js';
import type { Stage } from './stage.js';
import type { Subject } from './subject.js';
import { until } from './until.js';
import { CheckFailure } from './verdict.js';

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
  const primary = isPrimary ? undefined : await place.start('primary');
  if (primary !== undefined) stage.defer(() => primary[Symbol.asyncDispose]());
  const subject = await place.start(stage.subject.role, { untilReady: false });
  stage.defer(() => subject[Symbol.asyncDispose]());
  await until(() => hasSocket(subject), 'it has bound no socket');
  let lock: FileLock | number = -1;
  await until(() => {
    lock = FileLock.tryLock(place.directory, 'shared');
    return typeof lock !== 'number';
  }, 'the runtime directory stays locked');
  const release = () => {
    if (typeof lock !== 'number') lock.release();
  };
  stage.defer(release);
  return { subject, primary, release };
}

function hasSocket(subject: Subject): boolean {
  if (!subject.isRunning()) throw new CheckFailure(`it ended before it had bound a socket: ${subject.log()}`);
  return subject.socketPath !== '';
}

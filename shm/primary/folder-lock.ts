import { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN } from '../../sys/errno.js';
import { FileLock } from '../../sys/file-lock.js';
import { callError, fileError } from '../errors.js';
import { sleep } from '../locks/lock-wait.js';

/** Every DPDK process of the machine holds it while it changes page files; none does so for long. */
const TIMEOUT_MS = 5_000;
const RETRY_MS = 1;

/** Runs `section` with the lock that EAL takes on a directory of page files. `ETIMEDOUT` where somebody keeps it. */
export function withFolderLock<T>(folder: string, section: () => T): T {
  const lock = take(folder);
  try {
    return section();
  } finally {
    lock.release();
  }
}

function take(folder: string): FileLock {
  const deadline = nowMs() + TIMEOUT_MS;
  for (;;) {
    const lock = tryLock(folder);
    if (typeof lock !== 'number') return lock;
    if (lock !== -EAGAIN) throw callError(lock, 'flock', folder);
    if (nowMs() >= deadline) {
      throw new MpError(
        'ETIMEDOUT',
        `${folder} has been locked by another DPDK process for ${TIMEOUT_MS} ms: find out which one (lslocks)`,
        { syscall: 'flock', path: folder },
      );
    }
    sleep(RETRY_MS);
  }
}

function tryLock(folder: string): FileLock | number {
  try {
    return FileLock.tryLock(folder, 'exclusive');
  } catch (error) {
    throw fileError(error, folder, 'Cannot lock');
  }
}

import { constants } from 'node:os';
import { MpError } from '../protocol/errors.js';

/** Returns the error for a system call that returned `-errno`. `hint`, the next step, depends on the code by default. */
export function systemError(syscall: string, result: number, path: string, hint?: string): MpError {
  const code = errnoName(-result);
  const message = `${syscall} ${path}: ${code}. ${nextStep(code, hint)}`;
  return new MpError(code, message, { syscall, path, errno: -result });
}

/** Returns the error for an exception of a `node:fs` call; see {@link systemError} for `hint`. */
export function fileError(cause: unknown, path: string, hint?: string): MpError {
  const { code = 'EIO', syscall = 'open', errno = 0 } = cause as NodeJS.ErrnoException;
  const message = `${syscall} ${path}: ${code}. ${nextStep(code, hint)}`;
  return new MpError(code, message, { syscall, path, errno: Math.abs(errno), cause });
}

/** Runs a `node:fs` call; an exception of it becomes a {@link fileError}. */
export function withFileErrors<T>(path: string, call: () => T, hint?: string): T {
  try {
    return call();
  } catch (error) {
    throw fileError(error, path, hint);
  }
}

/** Runs a `node:fs` call; `undefined` where there is no such file, another exception becomes a {@link fileError}. */
export function ifPresent<T>(path: string, call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
}

const RAISE_LIMIT = 'Close descriptors that are not needed, or raise the limit (ulimit -n)';

/** What to do about an error wherever it happens. */
const NEXT_STEPS: Readonly<Record<string, string>> = Object.freeze({
  EACCES: "Run as the primary's user, or as root",
  EPERM: "Run as the primary's user, or as root",
  ENOENT: 'Check that the primary is still running',
  ENOSPC: 'Make room in that file system (df)',
  ELOOP: 'It is a symbolic link, which is not followed: remove it',
  ENOMEM: 'Free memory or address space (ulimit -v)',
});

/** Without descriptors left, no other hint helps. */
function nextStep(code: string, hint: string | undefined): string {
  if (code === 'EMFILE' || code === 'ENFILE') return RAISE_LIMIT;
  return hint ?? NEXT_STEPS[code] ?? 'The manual page of the system call lists the causes';
}

/**
 * Returns what `call` returns; `undefined` where the kernel refuses. For files and processes that may vanish at any
 * moment, or that this user may not see.
 */
export function ignoringErrno<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return undefined;
    throw error;
  }
}

export const { EAGAIN, EPERM, ENOTCONN, ENOTDIR, EINTR, ENOENT, ENOBUFS, ECANCELED, ECONNREFUSED } =
  constants.errno;

/** linux/errno.h; Node has no name for it. */
const ETOOMANYREFS = 109;

const NAMES = new Map<number, string>([[ETOOMANYREFS, 'ETOOMANYREFS']]);
for (const [name, value] of Object.entries(constants.errno)) {
  // two names may share a number: the map keeps the one that Node's own errors carry
  if (name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP') NAMES.set(value, name);
}

/** Returns the name of an errno value, `'ECONNREFUSED'` for 111; `'E<number>'` for a number without a name. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

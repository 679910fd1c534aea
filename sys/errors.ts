import { constants } from 'node:os';
import { MpError } from '../protocol/errors.js';

/** An `MpError` for a system call that returned `-errno`; `hint` tells the user what to do next. */
export function systemError(syscall: string, result: number, path: string, hint: string): MpError {
  const code = errnoName(-result);
  return new MpError(code, `${syscall} ${path}: ${code}. ${hintFor(code, hint)}`, {
    syscall,
    path,
    errno: -result,
  });
}

/** The same for an error that a `node:fs` call threw. */
export function fileError(error: unknown, path: string, hint: string): MpError {
  const { code = 'EIO', syscall = 'open', errno = 0 } = error as NodeJS.ErrnoException;
  return new MpError(code, `${syscall} ${path}: ${code}. ${hintFor(code, hint)}`, {
    syscall,
    path,
    errno: Math.abs(errno),
    cause: error,
  });
}

/** For what may vanish at any moment, or not be ours to see: `undefined` where the kernel refuses. */
export function ignoringErrno<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return undefined;
    throw error;
  }
}

/** Without descriptors left, nothing else is worth saying. */
function hintFor(code: string, hint: string): string {
  const isExhausted = code === 'EMFILE' || code === 'ENFILE';
  return isExhausted ? 'Close descriptors that are not needed, or raise the limit (ulimit -n)' : hint;
}

export const { EAGAIN, EPERM, ENOTCONN, ENOTDIR, EINTR, ENOENT, ENOBUFS, ECANCELED, ECONNREFUSED } =
  constants.errno;

/** linux/errno.h; Node has no name for it. */
const ETOOMANYREFS = 109;

const NAMES = new Map<number, string>([[ETOOMANYREFS, 'ETOOMANYREFS']]);
for (const [name, value] of Object.entries(constants.errno)) {
  // Where two names share a number, the one that Node's own errors carry is the right one.
  if (name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP') NAMES.set(value, name);
}

/** `'ECONNREFUSED'` for 111, and so on; a number without a name becomes `'E<number>'`. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

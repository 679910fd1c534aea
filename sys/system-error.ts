import { MpError } from '../protocol/errors.js';
import { errnoName } from './errno.js';

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

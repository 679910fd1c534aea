import { MpError } from '../protocol/errors.js';
import { errnoName } from './sys/errno.js';

/** An `MpError` for a system call that returned `-errno`; `hint` tells the user what to do next. */
export function systemError(syscall: string, result: number, path: string, hint: string): MpError {
  const code = errnoName(-result);
  return new MpError(code, `${syscall} ${path}: ${code}. ${hint}`, { syscall, path, errno: -result });
}

/** The same for an error that a `node:fs` call threw. */
export function fileError(error: unknown, path: string, hint: string): MpError {
  const { code = 'EIO', syscall = 'open', errno = 0 } = error as NodeJS.ErrnoException;
  return new MpError(code, `${syscall} ${path}: ${code}. ${hint}`, {
    syscall,
    path,
    errno: Math.abs(errno),
    cause: error,
  });
}

/** What to do when there is no descriptor left. */
export const DESCRIPTOR_HINT = 'Close descriptors that are not needed, or raise the limit (ulimit -n)';

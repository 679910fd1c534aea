import { MpError } from '../protocol/errors.js';
import { errnoName } from '../sys/errors.js';

/** `ELAYOUT`: a shared file holds something that no known layout has there. Names the field and its value. */
export function layoutError(path: string, field: string, value: unknown, expected: string): MpError {
  return new MpError(
    'ELAYOUT',
    `${path}: ${field} is ${show(value)}, expected ${expected}: is this file of an unmodified DPDK primary, or is a primary starting over?`,
    { path },
  );
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** An error of `node:fs`, with what was attempted and what to do about it. */
export function fileError(error: unknown, path: string, what: string): MpError {
  const { code = 'EIO', syscall, errno } = error as NodeJS.ErrnoException;
  return new MpError(code, `${what} ${path}: ${code}: ${nextStep(code)}`, {
    path,
    cause: error,
    ...(syscall === undefined ? {} : { syscall }),
    ...(errno === undefined ? {} : { errno: Math.abs(errno) }),
  });
}

/** A failed system call, `result` being what `lib/sys` returned: `-errno`. */
export function callError(result: number, syscall: string, path: string): MpError {
  const code = errnoName(-result);
  return new MpError(code, `${syscall} on ${path} failed: ${code}: ${nextStep(code)}`, {
    path,
    syscall,
    errno: -result,
  });
}

const NEXT_STEPS: Readonly<Record<string, string>> = Object.freeze({
  EACCES: "run as the primary's user, or as root: its files have mode 0600",
  EPERM: "run as the primary's user, or as root",
  ENOENT: 'is the primary still running?',
  EMFILE: "raise the process's limit of open files (ulimit -n)",
  ENOSPC: 'make room in that file system (df)',
  ELOOP: 'it is a link, and would lead elsewhere: remove it',
  ENOMEM: 'is there enough memory and address space?',
});

function nextStep(code: string): string {
  return NEXT_STEPS[code] ?? 'see the cause';
}

// Makes the calls of one thread fail: those to libc through `interpose` of sys/libc.ts, those of node:fs by replacing its
// functions. Calls are counted, so that a test can make each fail in turn.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import koffi from 'koffi';
import { interpose } from '../../../sys/libc.js';

/** A call that was made: the function's name. */
export type Step = string;

export interface Fault {
  /** Which call of the run, from 0. */
  readonly step: number;
  /** Which of the errnos of that call, whichever it is: the order of calls may differ from run to run. */
  readonly errno: number;
}

const { errno } = constants;
type Native = Parameters<Parameters<typeof interpose>[0] & object>[1];
type FsFunction = (...args: unknown[]) => unknown;

/** The errnos of each call, from its manual page; of several with the same effect only one. */
export const ERRNOS: Readonly<Record<string, readonly string[]>> = {
  socket: ['EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'EAFNOSUPPORT'],
  socketpair: ['EMFILE', 'ENFILE', 'ENOMEM'],
  bind: ['EACCES', 'EADDRINUSE', 'ENOENT', 'ENOSPC', 'EROFS', 'ENOMEM', 'ELOOP', 'ENOTDIR'],
  connect: ['EACCES', 'ECONNREFUSED', 'ENOENT', 'EAGAIN', 'EPERM', 'EPROTOTYPE', 'EINTR'],
  setsockopt: ['ENOPROTOOPT', 'ENOMEM'],
  sendmsg: [
    'EAGAIN',
    'EBADF',
    'ECONNREFUSED',
    'ECONNRESET',
    'EINTR',
    'EMSGSIZE',
    'ENOBUFS',
    'ENOMEM',
    'ENOENT',
    'ENOTCONN',
    'EPERM',
    'EPROTOTYPE',
  ],
  recvmsg: ['EAGAIN', 'EINTR', 'ENOMEM', 'ECONNRESET'],
  poll: ['EINTR', 'ENOMEM'],
  statx: ['EACCES', 'ENOENT', 'ENOTDIR', 'ENOMEM', 'EINTR', 'ENOSYS'],
  close: ['EINTR', 'EIO', 'ENOSPC'],
  dup3: ['EMFILE', 'EBUSY', 'EINTR'],
  flock: ['EAGAIN', 'EINTR', 'ENOLCK', 'EOPNOTSUPP'],
  fcntl: ['EMFILE', 'EINTR', 'ENOLCK', 'EACCES'],
  mmap: ['ENOMEM', 'EACCES', 'EAGAIN', 'ENFILE', 'EPERM'],
  munmap: ['ENOMEM'],
  process_vm_readv: ['EFAULT', 'EPERM', 'ENOMEM', 'ENOSYS'],
  openSync: ['EACCES', 'EMFILE', 'ENFILE', 'ENOENT', 'ENOMEM', 'EIO', 'ELOOP', 'ENOTDIR', 'EROFS', 'ENXIO'],
  readSync: ['EIO', 'EINTR', 'EISDIR'],
  closeSync: ['EIO', 'EINTR', 'ENOSPC'],
  fstatSync: ['EIO', 'ENOMEM'],
  statSync: ['EACCES', 'ENOENT', 'EIO'],
  lstatSync: ['EACCES', 'ENOENT', 'EIO'],
  existsSync: ['ENOENT'],
  readlinkSync: ['EACCES', 'ENOENT', 'EIO'],
  readdirSync: ['EACCES', 'EMFILE', 'ENOENT', 'EIO'],
  readFileSync: ['EACCES', 'EMFILE', 'ENOENT', 'EIO'],
  mkdirSync: ['EACCES', 'EEXIST', 'ENOSPC', 'EROFS', 'ENOENT', 'ENOTDIR'],
  unlinkSync: ['EACCES', 'EBUSY', 'ENOENT', 'EROFS', 'EIO'],
};

/** These take effect even when they fail: Linux frees the descriptor in any case. */
const ACTS_ANYWAY: ReadonlySet<string> = new Set(['close', 'closeSync', 'munmap']);

const FS_FUNCTIONS = Object.keys(ERRNOS).filter((name) => name.endsWith('Sync'));
const table = fs as unknown as Record<string, FsFunction>;
const real = new Map(FS_FUNCTIONS.map((name) => [name, table[name] as FsFunction]));

/** Called with the name and number of each call; the name of an errno makes the call fail. */
export type AtCall = (name: string, step: number) => string | undefined;

/** Runs `act` with every call of this thread going through `atCall`, and returns the calls in order. */
export async function interposed(atCall: AtCall, act: () => Promise<void> | void): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const next = (name: string) => {
    if (ERRNOS[name] === undefined) return undefined;
    steps.push(name);
    return atCall(name, steps.length - 1);
  };
  interpose(
    (name, call): Native =>
      (...args) =>
        nativeCall(next(name), name, () => call(...args)),
  );
  for (const [name, call] of real) table[name] = (...args) => fsCall(next(name), name, () => call(...args));
  syncBuiltinESMExports();
  try {
    await act();
  } finally {
    interpose(undefined);
    for (const [name, call] of real) table[name] = call;
    syncBuiltinESMExports();
  }
  return steps;
}

/** The errno that a fault means for a call. */
export function errnoOf(name: string, fault: Fault): string | undefined {
  const errnos = ERRNOS[name] ?? [];
  return errnos[fault.errno % errnos.length];
}

function nativeCall(code: string | undefined, name: string, call: () => number): number {
  if (code === undefined) return call();
  if (ACTS_ANYWAY.has(name)) call();
  koffi.errno(numberOf(code));
  return -1;
}

function fsCall(code: string | undefined, name: string, call: () => unknown): unknown {
  if (code === undefined) return call();
  if (name === 'existsSync') return false;
  if (ACTS_ANYWAY.has(name)) call();
  const syscall = name.replace(/Sync$/, '');
  throw Object.assign(new Error(`${code}: injected, ${syscall}`), { code, errno: -numberOf(code), syscall });
}

function numberOf(code: string): number {
  const number = (errno as Readonly<Record<string, number>>)[code];
  if (number === undefined) throw new RangeError(`no errno ${code}`);
  return number;
}

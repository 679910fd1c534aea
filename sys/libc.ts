import { createRequire } from 'node:module';
import type koffi from 'koffi';
import type koffiModule from 'koffi';
import type { LibraryHandle } from 'koffi';
import { MpError } from '../protocol/errors.js';

/**
 * The libc calls that Node has no API for, through koffi. Each returns what the call returned, or `-errno`:
 * exceptions start one level above. Addresses are numbers (user space ends at 2^47, so they are exact).
 */

/** What the layouts of structs in this folder are written for: 64 bits, little endian. */
const ARCHITECTURES = ['x64', 'arm64', 'riscv64', 'loong64'];

interface Native {
  readonly koffi: typeof koffiModule;
  /** The libc that Node runs on, glibc or musl. */
  readonly libc: LibraryHandle;
}

/** With the package, as a C program's libraries are: the first request doesn't wait for it. Elsewhere an import does nothing. */
let loaded = isSupported() ? preload() : undefined;

/** koffi and libc. Throws `ENOTSUP` where they can't be had. */
function native(): Native {
  loaded ??= load();
  return loaded;
}

/** Whether {@link native} answers without loading anything. */
function isLoaded(): boolean {
  return loaded !== undefined;
}

/** Throws `ENOTSUP` where DPDK's sockets and memory can't be. */
export function assertPlatform(): void {
  const { platform, arch } = process;
  if (isSupported()) return;
  throw new MpError(
    'ENOTSUP',
    `DPDK's sockets and shared memory need 64-bit Linux, and this is ${platform} on ${arch}: here use dpdk-ipc/protocol (the codec) or dpdk-ipc/testing (channels in memory)`,
  );
}

function isSupported(): boolean {
  return process.platform === 'linux' && ARCHITECTURES.includes(process.arch);
}

function preload(): Native | undefined {
  try {
    return load();
  } catch {
    return undefined; // an import does no harm: the first use tries again, and says why not
  }
}

function load(): Native {
  assertPlatform();
  const require = createRequire(import.meta.url);
  try {
    const koffi = require('koffi') as typeof koffiModule;
    return { koffi, libc: koffi.load(null) }; // null: the process itself
  } catch (cause) {
    throw new MpError(
      'ENOTSUP',
      `koffi, which calls libc for us, has no binary for ${process.platform} on ${process.arch} here: install dpdk-ipc with its optional dependencies (npm's --omit=optional leaves that binary out)`,
      { cause },
    );
  }
}

type Argument = number | bigint | string | Uint8Array | null;
type Call = (...args: Argument[]) => number;

/** Makes what stands in for a C function: it returns -1 with `koffi.errno` set, or what `real` returns. */
export type Interposer = (name: string, real: Call) => Call;

const rebinders: ((interposer: Interposer | undefined) => void)[] = [];

/**
 * Puts something in the place of every C function of this thread, or the real ones back: how the tests in test/faults make
 * each call fail at each step. A call goes through a variable in any case, so this costs nothing while it isn't used.
 */
export function interpose(interposer: Interposer | undefined): void {
  for (const rebind of rebinders) rebind(interposer);
}

/** One C function; a failure turns into `-errno`, read before anything else can change it. */
function call(prototype: string): Call {
  const [, name = ''] = / (\w+)\(/.exec(prototype) ?? [];
  const bind = () => native().libc.func(prototype) as unknown as Call;
  // where koffi comes with the package, its functions do, too: the first request doesn't wait for them
  let bound = isLoaded() ? findFunction(prototype) : undefined;
  rebinders.push((interposer) => {
    bound = interposer?.(name, bind());
  });
  return (...args) => {
    bound ??= bind();
    const result = bound(...args);
    return result < 0 ? -native().koffi.errno() : result;
  };
}

/** A function that not every build of Node has; `undefined` where it is missing. Its result is returned as it is. */
export function findFunction(prototype: string): Call | undefined {
  try {
    return native().libc.func(prototype) as unknown as Call;
  } catch {
    return undefined; // koffi: no such symbol
  }
}

/** A system call without a function in every libc, by its number. */
export const syscall6 = call(
  'long syscall(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f)',
);
const SYS_PIDFD_OPEN = 434; // asm-generic/unistd.h, the same on every architecture

export const socket = call('int socket(int domain, int type, int protocol)');
export const socketpair = call('int socketpair(int domain, int type, int protocol, uintptr_t fds)');
export const bind = call('int bind(int fd, uintptr_t addr, uint32_t len)');
export const connect = call('int connect(int fd, uintptr_t addr, uint32_t len)');
export const setsockopt = call('int setsockopt(int fd, int level, int name, void *value, uint32_t len)');
export const sendmsg = call('long sendmsg(int fd, uintptr_t msg, int flags)');
export const recvmsg = call('long recvmsg(int fd, uintptr_t msg, int flags)');
export const poll = call('int poll(uintptr_t fds, unsigned long count, int timeout)');
export const statx = call(
  'int statx(int dirfd, const void *path, int flags, uint32_t mask, uintptr_t statx)',
);
/** `pidfd_open(2)`, for which musl and older glibc have no function; 5.3 and later. */
export const pidfdOpen = (pid: number): number => syscall6(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
export const close = call('int close(int fd)');
export const dup3 = call('int dup3(int oldfd, int newfd, int flags)');
/** Allocates what the file lacks: 0 or `-errno`, where a mapping would answer with SIGBUS. */
export const fallocate = call('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
export const flock = call('int flock(int fd, int operation)');
/** `fcntl` with a pointer: `F_GETLK` and its kin, whose argument is a `struct flock`. */
export const fcntlLock = call('int fcntl(int fd, int command, void *lock)');
/** `fcntl` with a number: `F_DUPFD_CLOEXEC`. */
export const fcntlInt = call('int fcntl(int fd, int command, int value)');

/** The address of an ArrayBuffer's memory, which never moves while the buffer lives. */
export function addressOf(buffer: ArrayBuffer): number {
  return Number(native().koffi.address(buffer));
}

/** A raw descriptor on the event loop; `callback` runs whenever it is ready, until `stop`. */
export type PollHandle = ReturnType<typeof koffi.node.poll>;

/** Creates a stopped, referenced {@link PollHandle}. The descriptor must be one that epoll takes (a socket). */
export function pollHandle(fd: number): PollHandle {
  const handle = native().koffi.node.poll(fd, { readable: true }, () => {});
  handle.stop();
  return handle;
}

/** Returns the address: user space lies below 2^47, so an error is the only negative number. */
export const mmap = call(
  'intptr_t mmap(uintptr_t addr, size_t length, int prot, int flags, int fd, int64_t offset)',
);
/** How memory is going to be used: `advice` is one of the MADV_ constants. */
export const madvise = call('int madvise(uintptr_t addr, size_t length, int advice)');
export const munmap = call('int munmap(uintptr_t addr, size_t length)');
/** `local` and `remote` are addresses of arrays of `struct iovec`. */
export const processVmReadv = call(
  'intptr_t process_vm_readv(int pid, uintptr_t local, unsigned long locals, uintptr_t remote, unsigned long remotes, unsigned long flags)',
);
/** `act` and `old` are addresses of `struct sigaction`, or 0. */
export const sigaction = call('int sigaction(int signal, uintptr_t act, uintptr_t old)');
/** Where a function of this process is; 0 if there is none of that name. `handle` 0 searches everything. */
export const dlsym = call('uintptr_t dlsym(uintptr_t handle, const char *name)');

/**
 * An ArrayBuffer over memory that isn't V8's. Any number of them may cover the same bytes; none keeps the memory
 * mapped. More than 4 GiB aborts Node 20.
 */
export function viewOf(address: number, length: number): ArrayBuffer {
  return native().koffi.view(address, length);
}

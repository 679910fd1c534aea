import { createRequire } from 'node:module';
import type koffi from 'koffi';
import type koffiModule from 'koffi';
import type { LibraryHandle } from 'koffi';
import { MpError } from '../protocol/errors.js';

/**
 * The libc calls that Node has no API for, through koffi. Each returns what the C function returns, or `-errno`; callers
 * turn that into exceptions. Addresses are numbers, which are exact because user space ends at 2^47.
 */

/** Architectures that the struct layouts in this folder are for: 64 bits, little endian. */
const ARCHITECTURES = ['x64', 'arm64', 'riscv64', 'loong64'];

interface Native {
  readonly koffi: typeof koffiModule;
  /** The libc that Node runs on, glibc or musl. */
  readonly libc: LibraryHandle;
}

/** Loaded with the package where the platform is supported, so that the first request doesn't wait for it. */
let loaded = isSupported() ? preload() : undefined;

/** Returns koffi and libc. Throws `ENOTSUP` where koffi has no binary. */
function native(): Native {
  loaded ??= load();
  return loaded;
}

/** Whether {@link native} returns without loading anything. */
function isLoaded(): boolean {
  return loaded !== undefined;
}

/** Throws `ENOTSUP` on a platform without DPDK's sockets and memory. */
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
    return undefined; // importing the package must not throw: the first use tries again, and throws
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

/** Makes the replacement of a C function, which returns -1 with `koffi.errno` set, or what `real` returns. */
export type Interposer = (name: string, real: Call) => Call;

const rebinders: ((interposer: Interposer | undefined) => void)[] = [];

/**
 * Replaces every C function of this thread, or puts the real ones back. The tests in test/faults make each call fail with
 * it. A call goes through a variable in any case, so this costs nothing while it isn't used.
 */
export function interpose(interposer: Interposer | undefined): void {
  for (const rebind of rebinders) rebind(interposer);
}

/** Binds one C function. Its failure becomes `-errno`, read before another call can change errno. */
function call(prototype: string): Call {
  const [, name = ''] = / (\w+)\(/.exec(prototype) ?? [];
  const bind = () => native().libc.func(prototype) as unknown as Call;
  // bound at import where koffi is loaded, so that the first request doesn't wait for it
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

/** Returns a function that not every build of Node has, `undefined` where it is missing. A failure is not made `-errno`. */
export function findFunction(prototype: string): Call | undefined {
  try {
    return native().libc.func(prototype) as unknown as Call;
  } catch {
    return undefined; // koffi: no such symbol
  }
}

/** Makes a system call by its number, for calls that not every libc has a function for. */
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
/** `pidfd_open(2)`, Linux 5.3 and later; musl and older glibc have no function for it. */
export const pidfdOpen = (pid: number): number => syscall6(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
export const close = call('int close(int fd)');
export const dup3 = call('int dup3(int oldfd, int newfd, int flags)');
/** Allocates the file's missing blocks: `-errno` here, where touching a mapping would be SIGBUS. */
export const fallocate = call('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
export const flock = call('int flock(int fd, int operation)');
/** `fcntl` with a pointer to a `struct flock`: `F_GETLK`, `F_OFD_SETLK`. */
export const fcntlLock = call('int fcntl(int fd, int command, void *lock)');
/** `fcntl` with a number: `F_DUPFD_CLOEXEC`. */
export const fcntlInt = call('int fcntl(int fd, int command, int value)');

/** Returns the address of an ArrayBuffer's memory, which never moves while the buffer lives. */
export function addressOf(buffer: ArrayBuffer): number {
  return Number(native().koffi.address(buffer));
}

/** Watches a descriptor on the event loop: `callback` runs whenever it is readable, until `stop`. */
export type PollHandle = ReturnType<typeof koffi.node.poll>;

/** Creates a stopped, referenced {@link PollHandle}. The descriptor must be one that epoll takes (a socket). */
export function pollHandle(fd: number): PollHandle {
  const handle = native().koffi.node.poll(fd, { readable: true }, () => {});
  handle.stop();
  return handle;
}

/** Returns the address; only an error is negative, because user space ends at 2^47. */
export const mmap = call(
  'intptr_t mmap(uintptr_t addr, size_t length, int prot, int flags, int fd, int64_t offset)',
);
/** `advice` is one of the MADV_ constants. */
export const madvise = call('int madvise(uintptr_t addr, size_t length, int advice)');
export const munmap = call('int munmap(uintptr_t addr, size_t length)');
/** `local` and `remote` are addresses of arrays of `struct iovec`. */
export const processVmReadv = call(
  'intptr_t process_vm_readv(int pid, uintptr_t local, unsigned long locals, uintptr_t remote, unsigned long remotes, unsigned long flags)',
);
/** `act` and `old` are addresses of `struct sigaction`, or 0. */
export const sigaction = call('int sigaction(int signal, uintptr_t act, uintptr_t old)');
/** Returns the address of a function of this process, 0 if there is none of that name. `handle` 0 searches all libraries. */
export const dlsym = call('uintptr_t dlsym(uintptr_t handle, const char *name)');

/**
 * Returns an ArrayBuffer over memory that isn't V8's. Any number of them may cover the same bytes; none keeps the memory
 * mapped. A length over 4 GiB aborts Node 20.
 */
export function viewOf(address: number, length: number): ArrayBuffer {
  return native().koffi.view(address, length);
}

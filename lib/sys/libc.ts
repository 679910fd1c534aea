/**
 * The libc calls that Node has no API for, through koffi. Each returns what the call returned, or `-errno`:
 * exceptions start one level above. Addresses are numbers (user space ends at 2^47, so they are exact).
 */
import koffi from 'koffi';

// null is the process itself: the libc that Node runs on, glibc or musl.
const libc = koffi.load(null);

type Argument = number | bigint | string | Uint8Array | null;
type Call = (...args: Argument[]) => number;

/** Binds one C function; a failure turns into `-errno`, read before anything else can change it. */
function call(prototype: string): Call {
  const native = libc.func(prototype) as unknown as Call;
  return (...args) => {
    const result = native(...args);
    return result < 0 ? -koffi.errno() : result;
  };
}

export const socket = call('int socket(int domain, int type, int protocol)');
export const bind = call('int bind(int fd, uintptr_t addr, uint32_t len)');
export const connect = call('int connect(int fd, uintptr_t addr, uint32_t len)');
export const setsockopt = call('int setsockopt(int fd, int level, int name, void *value, uint32_t len)');
export const sendmsg = call('long sendmsg(int fd, uintptr_t msg, int flags)');
export const recvmsg = call('long recvmsg(int fd, uintptr_t msg, int flags)');
export const poll = call('int poll(uintptr_t fds, unsigned long count, int timeout)');
export const close = call('int close(int fd)');
export const flock = call('int flock(int fd, int operation)');
/** `fcntl` with a pointer: `F_GETLK` and its kin, whose argument is a `struct flock`. */
export const fcntlLock = call('int fcntl(int fd, int command, void *lock)');
/** `fcntl` with a number: `F_DUPFD_CLOEXEC`. */
export const fcntlInt = call('int fcntl(int fd, int command, int value)');

/** The address of an ArrayBuffer's memory, which never moves while the buffer lives. */
export function addressOf(buffer: ArrayBuffer): number {
  return Number(koffi.address(buffer));
}

/** A raw descriptor on the event loop; `callback` runs whenever it is ready, until `stop`. */
export type PollHandle = ReturnType<typeof koffi.node.poll>;

/** Creates a stopped, referenced {@link PollHandle}. The descriptor must be one that epoll takes (a socket). */
export function pollHandle(fd: number): PollHandle {
  const handle = koffi.node.poll(fd, { readable: true }, () => {});
  handle.stop();
  return handle;
}

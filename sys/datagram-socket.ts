import { EAGAIN, EINTR } from './errors.js';
import * as libc from './libc.js';
import { adoptByThread, closeAdopted, OwnedFd } from './owned-fd.js';
import { AF_UNIX, readSockaddr, SOCKADDR_UN_SIZE, type SocketNamespace, writeSockaddr } from './sockaddr.js';

/** SCM_MAX_FD (include/net/scm.h): the kernel carries no more descriptors in one message. */
const SCM_MAX_FD = 253;

const SOL_SOCKET = 1; // asm-generic/socket.h
const SCM_RIGHTS = 1; // sys/socket.h
const SCM_CREDENTIALS = 2; // sys/socket.h
const CMSG_HEADER = 16; // sizeof(struct cmsghdr)
const UCRED_UID = 4; // struct ucred { pid, uid, gid }
const UCRED_SPACE = 32; // CMSG_SPACE(sizeof(struct ucred))
const CONTROL_CAPACITY = CMSG_HEADER + align8(SCM_MAX_FD * 4) + UCRED_SPACE;

/** Larger than any datagram of the protocol, so that a longer datagram shows by its length. */
const DATA_CAPACITY = 512;

// struct msghdr
const MSG_NAME = 0;
const MSG_NAMELEN = 8;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const MSG_FLAGS = 48;
// struct iovec
const IOV_BASE = 0;
const IOV_LEN = 8;

// Where each struct lies in the block.
const IOVEC = 64;
const NAME = 80;
const CONTROL = 192;
const DATA = CONTROL + CONTROL_CAPACITY;
const BLOCK_SIZE = DATA + DATA_CAPACITY;

function align8(length: number): number {
  return (length + 7) & ~7;
}

/** What {@link MessageBlock.readControl} found in the control messages. */
interface ControlData {
  readonly fds: number[];
  /** The sender's effective uid, which the kernel checked; only where the socket asked for it. */
  readonly uid: number | undefined;
}

const NO_CONTROL: ControlData = { fds: [], uid: undefined };

/**
 * `struct msghdr` and all that it points to, in one long-lived ArrayBuffer whose address is taken once: sending and
 * receiving allocate nothing. Offsets are those of 64-bit little-endian Linux with glibc or musl. Where glibc has the
 * upper half of a length, musl has padding, so these bytes must stay zero.
 */
class MessageBlock {
  /** Address of the `struct msghdr`, for `sendmsg` and `recvmsg`. */
  readonly address: number;
  /** Address of {@link name}, for `bind` and `connect`. */
  readonly nameAddress: number;
  /** The `struct sockaddr_un`. */
  readonly name: Buffer;
  /** The datagram's bytes. */
  readonly data: Uint8Array;
  /** The whole block in 32-bit words: every field of these structs is such a word or begins with one. */
  readonly #words: Int32Array;
  readonly #base: number;

  constructor() {
    const memory = new ArrayBuffer(BLOCK_SIZE);
    this.#words = new Int32Array(memory);
    this.#base = libc.addressOf(memory);
    this.address = this.#base;
    this.nameAddress = this.#base + NAME;
    this.name = Buffer.from(memory, NAME, SOCKADDR_UN_SIZE);
    this.data = new Uint8Array(memory, DATA);
    this.#pointer(MSG_IOV, IOVEC);
    this.#write(MSG_IOVLEN, 1);
    this.#pointer(IOVEC + IOV_BASE, DATA);
  }

  get nameLength(): number {
    return this.#read(MSG_NAMELEN);
  }

  get flags(): number {
    return this.#read(MSG_FLAGS);
  }

  /** Makes the block ready to send `length` bytes of `data` and `fds`; `nameLength` 0 is for connected sockets. */
  prepareSend(nameLength: number, length: number, fds: readonly number[]): void {
    this.#setName(nameLength);
    this.#write(IOVEC + IOV_LEN, length);
    if (fds.length === 0) {
      this.#setControl(0);
      return;
    }
    this.#write(CONTROL, CMSG_HEADER + fds.length * 4);
    this.#write(CONTROL + 8, SOL_SOCKET);
    this.#write(CONTROL + 12, SCM_RIGHTS);
    fds.forEach((fd, i) => {
      this.#write(CONTROL + CMSG_HEADER + i * 4, fd);
    });
    this.#setControl(CMSG_HEADER + align8(fds.length * 4));
  }

  /** Makes the block ready to receive; the kernel overwrites these lengths each time. */
  prepareReceive(): void {
    this.#setName(SOCKADDR_UN_SIZE);
    this.#write(IOVEC + IOV_LEN, DATA_CAPACITY);
    this.#setControl(CONTROL_CAPACITY);
  }

  /** Returns the descriptors of all control messages of the datagram just received, and the sender's uid. */
  readControl(): ControlData {
    const end = CONTROL + this.#read(MSG_CONTROLLEN);
    if (end === CONTROL) return NO_CONTROL;
    const fds: number[] = [];
    let uid: number | undefined;
    for (let at = CONTROL; at + CMSG_HEADER <= end; ) {
      const length = this.#read(at);
      if (length < CMSG_HEADER) break;
      const type = this.#read(at + 12);
      if (type === SCM_CREDENTIALS) uid = this.#read(at + CMSG_HEADER + UCRED_UID) >>> 0;
      if (type === SCM_RIGHTS) {
        for (let i = at + CMSG_HEADER; i + 4 <= at + length; i += 4) fds.push(this.#read(i));
      }
      at += align8(length);
    }
    return { fds, uid };
  }

  #setName(length: number): void {
    this.#pointer(MSG_NAME, length === 0 ? undefined : NAME);
    this.#write(MSG_NAMELEN, length);
  }

  #setControl(length: number): void {
    this.#pointer(MSG_CONTROL, length === 0 ? undefined : CONTROL);
    this.#write(MSG_CONTROLLEN, length);
  }

  /** Writes the address of the byte `target` of this block, or NULL, at the byte `at`. */
  #pointer(at: number, target: number | undefined): void {
    const value = target === undefined ? 0 : this.#base + target;
    this.#write(at, value % 2 ** 32);
    this.#write(at + 4, Math.floor(value / 2 ** 32));
  }

  /** Reads the word at the byte `at`, a multiple of 4. Every platform with both DPDK and Node is little-endian. */
  #read(at: number): number {
    return this.#words[at >> 2] ?? 0;
  }

  #write(at: number, value: number): void {
    this.#words[at >> 2] = value;
  }
}

const SOCK_DGRAM = 2; // bits/socket_type.h
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SO_PASSCRED = 16;
const MSG_CTRUNC = 0x08; // bits/socket.h
const MSG_TRUNC = 0x20;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** One datagram; `bytes` is the socket's own memory, which the next `receive` overwrites. */
export interface Datagram {
  readonly bytes: Uint8Array;
  /** The kernel cut off bytes or descriptors: the datagram must not be used. */
  readonly truncated: boolean;
  /** The path that the sender is bound to; `undefined` if it has none in this socket's namespace. */
  readonly sender: string | undefined;
  readonly uid: number | undefined;
  /** Close-on-exec; the caller of `receive` owns them. */
  readonly fds: readonly OwnedFd[];
}

const NO_FDS: readonly OwnedFd[] = [];

/** A Unix datagram socket: non-blocking, close-on-exec, with descriptor passing. Its methods return `-errno` on failure. */
export class DatagramSocket {
  readonly fd: number;
  readonly #namespace: SocketNamespace;
  #isOpen = true;
  readonly #out = new MessageBlock();
  readonly #in = new MessageBlock();
  #lastTo: string | undefined;
  #lastToLength = 0;
  #lastFrom: Buffer = Buffer.alloc(0);
  #lastFromPath: string | undefined;

  private constructor(fd: number, namespace: SocketNamespace) {
    this.fd = fd;
    this.#namespace = namespace;
  }

  static open(namespace: SocketNamespace): DatagramSocket | number {
    const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const adopted = fd < 0 ? fd : adoptByThread(fd);
    return adopted < 0 ? adopted : new DatagramSocket(adopted, namespace);
  }

  /** Returns two sockets of this thread that are connected to each other, or `-errno`. */
  static pair(): readonly [DatagramSocket, DatagramSocket] | number {
    const fds = new Int32Array(2);
    const result = libc.socketpair(
      AF_UNIX,
      SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
      0,
      libc.addressOf(fds.buffer),
    );
    if (result < 0) return result;
    const [one = -1, other = -1] = fds;
    return [new DatagramSocket(one, 'filesystem'), new DatagramSocket(other, 'filesystem')];
  }

  /** Returns the socket of another thread, which closes it later: `close` does nothing here. */
  static borrow(fd: number): DatagramSocket {
    const socket = new DatagramSocket(fd, 'filesystem');
    socket.#isOpen = false;
    return socket;
  }

  /**
   * Returns 0 or `-errno`. In the abstract namespace, where no file permission protects the socket, each datagram comes
   * with its sender's uid from now on. (If the socket asked for it earlier, `connect` would bind it to a random name.)
   */
  bind(path: string): number {
    if (this.#namespace === 'abstract') {
      const failed = libc.setsockopt(this.fd, SOL_SOCKET, SO_PASSCRED, Buffer.from([1, 0, 0, 0]), 4);
      if (failed < 0) return failed;
    }
    return libc.bind(this.fd, ...this.#address(path));
  }

  /** Makes `send` need no address, and the kernel accept datagrams of that peer only. Returns 0 or `-errno`. */
  connect(path: string): number {
    return libc.connect(this.fd, ...this.#address(path));
  }

  /** Returns 0 or `-errno`; `-EAGAIN`: the peer's queue or our own budget is full. `to` is for unconnected sockets. */
  send(bytes: Uint8Array, fds: readonly number[], to?: string): number {
    this.#out.data.set(bytes);
    this.#out.prepareSend(to === undefined ? 0 : this.#addressee(to), bytes.length, fds);
    let result: number;
    do {
      result = libc.sendmsg(this.fd, this.#out.address, MSG_NOSIGNAL);
    } while (result === -EINTR);
    return Math.min(result, 0);
  }

  /** Returns the next datagram, `undefined` when there is none, or `-errno`. */
  receive(): Datagram | undefined | number {
    this.#in.prepareReceive();
    let length: number;
    do {
      length = libc.recvmsg(this.fd, this.#in.address, MSG_CMSG_CLOEXEC);
    } while (length === -EINTR);
    if (length < 0) return length === -EAGAIN ? undefined : length;
    const { fds, uid } = this.#in.readControl();
    return {
      bytes: this.#in.data.subarray(0, length),
      truncated: (this.#in.flags & (MSG_TRUNC | MSG_CTRUNC)) !== 0,
      sender: this.#sender(),
      uid,
      fds: fds.length === 0 ? NO_FDS : fds.map((fd) => new OwnedFd(fd)),
    };
  }

  /** Closing twice is harmless. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeAdopted(this.fd);
  }

  #address(path: string): [number, number] {
    this.#lastTo = undefined;
    const length = writeSockaddr(this.#out.name, this.#namespace, path);
    return [this.#out.nameAddress, length];
  }

  /** Writes the destination unless it is the one of the last call. */
  #addressee(path: string): number {
    if (this.#lastTo !== path) {
      this.#lastToLength = writeSockaddr(this.#out.name, this.#namespace, path);
      this.#lastTo = path;
    }
    return this.#lastToLength;
  }

  /** Most datagrams come from the same peer as the one before: then the string exists already. */
  #sender(): string | undefined {
    const { name, nameLength } = this.#in;
    const last = this.#lastFrom;
    if (last.length !== nameLength || name.compare(last, 0, nameLength, 0, nameLength) !== 0) {
      this.#lastFrom = Buffer.from(name.subarray(0, nameLength));
      this.#lastFromPath = readSockaddr(name, nameLength, this.#namespace);
    }
    return this.#lastFromPath;
  }
}

/**
 * `struct msghdr` and all that it points to, in one long-lived ArrayBuffer whose address is taken once: sending and
 * receiving allocate nothing. Offsets are those of 64-bit little-endian Linux with glibc or musl. Where glibc has the
 * upper half of a length, musl has padding, so these bytes must stay zero.
 */
import * as libc from './libc.js';

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
export interface ControlData {
  readonly fds: number[];
  /** The sender's effective uid, which the kernel checked; only where the socket asked for it. */
  readonly uid: number | undefined;
}

const NO_CONTROL: ControlData = { fds: [], uid: undefined };

export class MessageBlock {
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

/** The namespace that the names of sockets are in; see `ChannelOptions.socketNamespace`. */
export type SocketNamespace = 'filesystem' | 'abstract';

export const AF_UNIX = 1; // sys/socket.h
/** sizeof(struct sockaddr_un), sys/un.h: the family and 108 bytes of path. */
const SOCKADDR_UN_SIZE = 110;
/** Usable bytes of `sun_path`: the 108th is the NUL (in the abstract namespace the first one is). */
export const MAX_SOCKET_PATH = 107;
const PATH_OFFSET = 2;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Writes the `struct sockaddr_un` of `path`, which has at most {@link MAX_SOCKET_PATH} bytes. Returns its length, for
 * `namelen`.
 */
export function writeSockaddr(into: Buffer, namespace: SocketNamespace, path: string): number {
  into[0] = AF_UNIX; // sun_family, little-endian
  into[1] = 0;
  if (namespace === 'abstract') {
    into[PATH_OFFSET] = 0;
    return PATH_OFFSET + 1 + into.write(path, PATH_OFFSET + 1, MAX_SOCKET_PATH);
  }
  const written = into.write(path, PATH_OFFSET, MAX_SOCKET_PATH);
  into[PATH_OFFSET + written] = 0;
  return PATH_OFFSET + written + 1;
}

/**
 * Returns the path in a `struct sockaddr_un` of `length` bytes; `undefined` where it has none in this namespace, or one
 * that isn't UTF-8, which no string can hold.
 */
export function readSockaddr(from: Buffer, length: number, namespace: SocketNamespace): string | undefined {
  if (length <= PATH_OFFSET) return undefined; // an unbound sender: the kernel writes no path
  const isAbstract = from[PATH_OFFSET] === 0;
  if (isAbstract !== (namespace === 'abstract')) return undefined;
  const start = isAbstract ? PATH_OFFSET + 1 : PATH_OFFSET;
  const nul = isAbstract ? -1 : from.subarray(0, length).indexOf(0, start);
  try {
    return utf8.decode(from.subarray(start, nul < 0 ? length : nul));
  } catch {
    return undefined;
  }
}

// A socket that sends anything: any length, any name, any number of descriptors in any number of control messages.

import * as libc from '../../sys/libc.js';
import { AF_UNIX } from '../../sys/sockaddr.js';

const DGRAM_NONBLOCK_CLOEXEC = 0o2004002;
const NOSIGNAL = 0x4000;
const [SOL_SOCKET, SCM_RIGHTS] = [1, 1];
const CMSG_HEADER = 16;
// offsets in the block: struct msghdr at 0, struct iovec, the name, control messages, data
const [IOVEC, NAME, CONTROL, DATA, SIZE] = [64, 80, 192, 8192, 16384];

const align8 = (length: number) => (length + 7) & ~7;

export class RawSender {
  readonly fd: number;
  readonly #memory = new ArrayBuffer(SIZE);
  readonly #view = new DataView(this.#memory);
  readonly #bytes = new Uint8Array(this.#memory);
  readonly #base = libc.addressOf(this.#memory);

  /** Takes an existing socket, or opens one, which the caller closes. */
  constructor(fd = libc.socket(AF_UNIX, DGRAM_NONBLOCK_CLOEXEC, 0)) {
    if (fd < 0) throw new RangeError(`socket: ${fd}`);
    this.fd = fd;
  }

  /** @param address the whole `sun_path`, as bytes */
  bind(address: Uint8Array): this {
    const result = libc.bind(this.fd, this.#base + NAME, this.#putName(address));
    if (result < 0) throw new RangeError(`bind: ${result}`);
    return this;
  }

  /** The address that all datagrams go to from now on. */
  set target(address: Uint8Array) {
    this.#view.setUint32(8, this.#putName(address), true);
    this.#putPointer(0, NAME);
    this.#putPointer(16, IOVEC);
    this.#view.setUint32(24, 1, true);
    this.#putPointer(IOVEC, DATA);
  }

  /** 0 or `-errno`. */
  send(bytes: Uint8Array, fds: readonly number[], parts: 1 | 2 = 1): number {
    this.#bytes.set(bytes, DATA);
    this.#view.setUint32(IOVEC + 8, bytes.length, true);
    let end = CONTROL;
    if (fds.length > 0) {
      const half = parts === 1 ? fds.length : fds.length >> 1;
      end = this.#putRights(end, fds.slice(0, half));
      if (half < fds.length) end = this.#putRights(end, fds.slice(half));
    }
    this.#putPointer(32, end === CONTROL ? undefined : CONTROL);
    this.#view.setUint32(40, end - CONTROL, true);
    return Math.min(0, libc.sendmsg(this.fd, this.#base, NOSIGNAL));
  }

  close(): void {
    libc.close(this.fd);
  }

  #putRights(at: number, fds: readonly number[]): number {
    this.#view.setUint32(at, CMSG_HEADER + fds.length * 4, true);
    this.#view.setUint32(at + 4, 0, true);
    this.#view.setInt32(at + 8, SOL_SOCKET, true);
    this.#view.setInt32(at + 12, SCM_RIGHTS, true);
    fds.forEach((fd, i) => {
      this.#view.setInt32(at + CMSG_HEADER + i * 4, fd, true);
    });
    return at + CMSG_HEADER + align8(fds.length * 4);
  }

  #putName(address: Uint8Array): number {
    this.#view.setUint16(NAME, AF_UNIX, true);
    this.#bytes.fill(0, NAME + 2, NAME + 110);
    this.#bytes.set(address, NAME + 2);
    return 2 + address.length;
  }

  #putPointer(at: number, target: number | undefined): void {
    this.#view.setBigUint64(at, target === undefined ? 0n : BigInt(this.#base + target), true);
  }
}

/** `sun_path` of a socket file. */
export function pathAddress(path: string | Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(path as string), Buffer.alloc(1)]);
}

/** `sun_path` of an abstract name. */
export function abstractAddress(name: string): Uint8Array {
  return Buffer.from(`\0${name}`);
}

import { EAGAIN, EINTR } from './errors.js';
import * as libc from './libc.js';
import { AF_UNIX, MessageBlock, readSockaddr, type SocketNamespace, writeSockaddr } from './message-block.js';
import { adoptByThread, closeAdopted, OwnedFd } from './owned-fd.js';

const SOCK_DGRAM = 2; // bits/socket_type.h
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1; // asm-generic/socket.h
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

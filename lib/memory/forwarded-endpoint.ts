import type { SocketEndpoint } from '../transport/socket-endpoint.js';
import type { Datagram, Endpoint } from '../transport/transport.js';
import { forwarded } from './forwarding.js';

/** A public endpoint whose socket another thread reads: this one sends from it, and reads what that one hands on. */
export class ForwardedEndpoint implements Endpoint {
  readonly path: string;
  readonly #public: SocketEndpoint;
  readonly #pair: SocketEndpoint;

  constructor(publicEndpoint: SocketEndpoint, pair: SocketEndpoint) {
    this.path = publicEndpoint.path;
    this.#public = publicEndpoint;
    this.#pair = pair;
  }

  /** Of the socket that there is something to read at. */
  get fd(): number {
    return this.#pair.fd;
  }

  send(bytes: Uint8Array, fds: readonly number[], to?: string): number {
    return this.#public.send(bytes, fds, to);
  }

  receive(): Datagram | undefined | number {
    const datagram = this.#pair.receive();
    return typeof datagram === 'object' ? forwarded(datagram) : datagram;
  }

  watch(onReadable: () => void): void {
    this.#pair.watch(onReadable);
  }

  unwatch(): void {
    this.#pair.unwatch();
  }

  whenWritable(retry: () => void): void {
    this.#public.whenWritable(retry);
  }

  cancelWritable(): void {
    this.#public.cancelWritable();
  }

  ref(): void {
    this.#pair.ref();
  }

  unref(): void {
    this.#pair.unref();
  }

  close(): void {
    this.#pair.close();
    this.#public.close();
  }
}

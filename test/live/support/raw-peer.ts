// A bound socket without a channel, which sends what a C process can't be made to send.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { SocketEndpoint } from '../../../lib/transport/socket-endpoint.js';
import {
  type DecodedMessage,
  decodeMessage,
  encodeMessage,
  type Message,
  type MpType,
} from '../../../protocol/index.js';
import { DatagramSocket } from '../../../sys/datagram-socket.js';
import type { LiveScope } from './live.js';

/** The dialect of 22.11. */
export const DIALECT = '332/8';

export interface RawMessage extends DecodedMessage {
  readonly sender: string;
}

export class RawPeer {
  readonly path: string;
  readonly #endpoint: SocketEndpoint;
  readonly #inbox: RawMessage[] = [];
  #wake: () => void = () => {};

  private constructor(path: string, endpoint: SocketEndpoint) {
    this.path = path;
    this.#endpoint = endpoint;
    endpoint.watch(() => this.#read());
  }

  /** Binds a socket of this name in the runtime directory, until the test ends. */
  static bind(live: LiveScope, name: string): RawPeer {
    const path = `${live.runtimeDir}/${name}`;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const socket = openSocket();
    if (socket.bind(path) < 0) throw new Error(`Can't bind ${path}`);
    const peer = new RawPeer(path, new SocketEndpoint(socket, path));
    live.peers.defer(() => peer.close());
    return peer;
  }

  send(to: string, type: MpType, message: Message): void {
    this.sendBytes(to, encodeMessage(DIALECT, type, message), message.fds);
  }

  sendBytes(to: string, bytes: Uint8Array, fds: readonly number[] = []): void {
    const result = this.#endpoint.send(bytes, fds, to);
    if (result < 0) throw new Error(`Sending to ${to} failed: ${result}`);
  }

  /** Resolves with the next message. */
  async next(): Promise<RawMessage> {
    for (;;) {
      const message = this.#inbox.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#endpoint.close();
  }

  #read(): void {
    for (
      let datagram = this.#endpoint.receive();
      typeof datagram === 'object';
      datagram = this.#endpoint.receive()
    ) {
      for (const fd of datagram.fds) fd.close();
      this.#inbox.push({ ...decodeMessage(DIALECT, datagram.bytes), sender: datagram.sender ?? '' });
    }
    this.#wake();
  }
}

/** Sends one datagram from a socket that has no name. */
export function sendUnbound(to: string, type: MpType, message: Message): void {
  const socket = openSocket();
  try {
    if (socket.send(encodeMessage(DIALECT, type, message), [], to) < 0)
      throw new Error(`Can't send to ${to}`);
  } finally {
    socket.close();
  }
}

function openSocket(): DatagramSocket {
  const socket = DatagramSocket.open('filesystem');
  if (typeof socket === 'number') throw new Error(`No socket: ${socket}`);
  return socket;
}

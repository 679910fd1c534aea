import { PreparedMessage } from '../protocol/codec.js';
import { MpError } from '../protocol/errors.js';
import { type Message, MpType } from '../protocol/message.js';
import { nowMs } from '../sys/clock.js';
import { ECANCELED } from '../sys/errors.js';
import { Actions } from './actions/actions.js';
import { Replier } from './actions/replier.js';
import { HotplugRequests } from './hotplug/hotplug-requests.js';
import type { MemoryHost, MemorySource } from './memory/memory-host.js';
import type { Reply } from './messages/message.js';
import { Outbox } from './messages/outbox.js';
import { Receiver } from './messages/receiver.js';
import { Counters } from './messages/stats.js';
import type { ResolvedOptions } from './options.js';
import type { Peers, Wire } from './peers/peers.js';
import { OneWay } from './requests/one-way.js';
import { Requester } from './requests/requester.js';
import type { OtherWork } from './requests/requests-under-way.js';
import type { Endpoint, Transport } from './transport/transport.js';

/** How long a message of {@link ChannelCore.sendTo} waits for room in the receiver's queue, in milliseconds. */
const SEND_TIMEOUT_MS = 5_000;

/** Parts of a channel that depend on its role. */
export interface CoreParts {
  readonly transport: Transport;
  readonly peers: Peers;
  readonly options: ResolvedOptions;
  /** The socket that peers send to; `undefined` for a private channel. */
  readonly publicEndpoint: Endpoint | undefined;
  /** Users whose datagrams are accepted; `undefined` where file permissions keep others away. */
  readonly trustedUids: readonly number[] | undefined;
  readonly memory: (host: MemoryHost) => MemorySource;
}

/** The parts of a channel behind its public methods: what it sends, serves and waits with, and how all of it ends. */
export class ChannelCore implements MemoryHost, OtherWork {
  readonly peers: Peers;
  readonly publicEndpoint: Endpoint | undefined;
  readonly counters = new Counters();
  readonly actions: Actions;
  readonly hotplugRequests: HotplugRequests;
  readonly oneWay: OneWay;
  readonly requester: Requester;
  readonly replier: Replier;
  readonly memory: MemorySource;
  /** Set by the owner of this object. */
  reportError: (error: unknown) => void = () => {};
  /** Set by the owner of this object. */
  warn: (warning: MpError) => void = () => {};
  readonly #wire: Wire;

  constructor({ transport, peers, options, publicEndpoint, trustedUids, memory }: CoreParts) {
    const onFirstDrop = (reason: string, detail: string) => this.warn(dropWarning(reason, detail));
    const receiver = new Receiver(
      this.counters,
      (datagram) => peers.dialectOf(datagram),
      trustedUids,
      onFirstDrop,
    );
    const wire: Wire = { transport, peers, outbox: new Outbox(this.counters), receiver };
    this.#wire = wire;
    this.peers = peers;
    this.publicEndpoint = publicEndpoint;
    this.replier = new Replier(wire);
    this.actions = new Actions(wire, this.replier, options, (error) => this.reportError(error));
    this.oneWay = new OneWay(wire);
    this.requester = new Requester(wire, this, options);
    this.hotplugRequests = new HotplugRequests((error) => this.reportError(error));
    this.memory = memory(this);
    peers.onReplaced(() => {
      this.requester.underWay.forgetPrimary();
      this.oneWay.forgetPrimary();
    });
    if (publicEndpoint === undefined) return;
    this.replier.open(publicEndpoint);
    this.actions.open(publicEndpoint);
  }

  requestSync(message: Message, timeoutMs: number): Reply {
    return this.requester.requestSync(message, timeoutMs);
  }

  sendTo(given: Message, to: string): void {
    const { publicEndpoint: endpoint } = this;
    if (endpoint === undefined) return;
    const message = new PreparedMessage(given);
    const bytes = message.encode(this.peers.dialect, MpType.MSG);
    const deadline = nowMs() + SEND_TIMEOUT_MS;
    const done = () => {};
    this.#wire.outbox.submit({
      type: MpType.MSG,
      message,
      bytes,
      endpoint,
      to,
      isConnected: false,
      deadline,
      done,
    });
  }

  isListening(path: string): boolean {
    return this.#wire.transport.isListening(path);
  }

  wait(ms: number): void {
    this.#wire.transport.wait(this.endpoints(), undefined, ms);
    this.serve();
  }

  endpoints(): Endpoint[] {
    return [this.actions.endpoint, this.oneWay.endpoint].filter((endpoint) => endpoint !== undefined);
  }

  serve(): void {
    this.actions.serve();
    this.oneWay.drain();
  }

  /** Closes everything at once; returns a promise only if a thread has to end first. */
  close(): Promise<void> | undefined {
    this.peers.close();
    this.actions.close();
    this.replier.close();
    this.requester.underWay.close();
    this.#wire.outbox.cancel(-ECANCELED);
    this.oneWay.close();
    return this.#closeMemory();
  }

  /**
   * Closes the public socket last, so that no other process becomes the primary before; also if closing the memory fails.
   */
  #closeMemory(): Promise<void> | undefined {
    let ending: Promise<void> | undefined;
    try {
      ending = this.memory.close();
    } finally {
      if (ending === undefined) this.publicEndpoint?.close();
    }
    return ending?.finally(() => this.publicEndpoint?.close());
  }
}

function dropWarning(reason: string, detail: string): MpError {
  const hint = 'stats.dropped counts them; NODE_DEBUG=dpdk-ipc prints each';
  return new MpError('EBADMSG', `Dropped a datagram (${reason}): ${detail}. ${hint}`);
}

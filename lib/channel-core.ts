import { MpError } from '../protocol/errors.js';
import { type Message, MpType } from '../protocol/message.js';
import { nowMs } from '../sys/clock.js';
import { ECANCELED } from '../sys/errors.js';
import { Actions } from './actions/actions.js';
import { Replier } from './actions/replier.js';
import { HotplugRequests } from './hotplug/hotplug-requests.js';
import { ChannelMemory } from './memory/channel-memory.js';
import type { EalChannel } from './memory/eal-requests.js';
import type { PrimaryMemory } from './memory/primary-memory.js';
import { Receiver } from './messages/receiver.js';
import { Sender } from './messages/sender.js';
import { Counters } from './messages/stats.js';
import type { ResolvedOptions } from './options.js';
import type { PrimaryLink } from './peers/primary-link.js';
import { Readiness } from './peers/readiness.js';
import { Messenger } from './requests/messenger.js';
import { Requester } from './requests/requester.js';
import type { Endpoint, Transport } from './transport/transport.js';

export interface CoreOptions {
  readonly role: 'primary' | 'secondary';
  readonly transport: Transport;
  readonly options: ResolvedOptions;
  readonly link: PrimaryLink;
  /** Whose datagrams to accept; `undefined`: everybody's that the file system lets through. */
  readonly trustedUids: readonly number[] | undefined;
  readonly publicEndpoint: Endpoint | undefined;
  /** What a primary has made for its secondaries. */
  readonly primaryMemory?: PrimaryMemory | undefined;
}

/** How long an answer of the EAL's own waits for room in the queue of whoever asked. */
const SEND_TIMEOUT_MS = 5_000;

/** The parts of a channel, wired together. */
export class ChannelCore {
  readonly role: 'primary' | 'secondary';
  readonly filePrefix: string;
  readonly signal: AbortSignal | undefined;
  readonly transport: Transport;
  readonly publicEndpoint: Endpoint | undefined;
  readonly counters = new Counters();
  readonly link: PrimaryLink;
  readonly actions: Actions;
  readonly hotplugRequests: HotplugRequests;
  readonly messenger: Messenger;
  readonly requester: Requester;
  readonly replier: Replier;
  /** Of a primary: it has made shared memory. */
  readonly hasPrimaryMemory: boolean;
  readonly memory: ChannelMemory | PrimaryMemory;
  onError: (error: unknown) => void = () => {};
  onWarning: (error: MpError) => void = () => {};
  readonly #sender: Sender;
  readonly #readiness: Readiness;

  constructor({ role, transport, options, link, trustedUids, publicEndpoint, primaryMemory }: CoreOptions) {
    const { counters } = this;
    this.role = role;
    this.filePrefix = options.filePrefix;
    this.signal = options.signal;
    this.transport = transport;
    this.publicEndpoint = publicEndpoint;
    const sender = new Sender(counters);
    const receiver = new Receiver(counters, trustedUids, (reason, detail) => this.#warn(reason, detail));
    const readiness = new Readiness(transport, link, role);
    const replier = new Replier({ transport, link, sender, receiver, role });
    const actions = new Actions({
      role,
      receiver,
      replier,
      counters,
      unhandledRequests: options.unhandledRequests,
      maxPendingMessages: options.maxPendingMessages,
      onError: (error) => this.onError(error),
    });
    this.hotplugRequests = new HotplugRequests(role, actions, (error) => this.onError(error));
    this.messenger = new Messenger({ transport, link, readiness, sender, receiver, role });
    this.requester = new Requester({
      transport,
      link,
      readiness,
      sender,
      receiver,
      counters,
      role,
      busyPollMicros: options.busyPollMicros,
      busyPollEventLoopMicros: options.busyPollEventLoopMicros,
      exclusive: options.exclusiveRequests,
      inbound: { endpoints: () => this.#inboundEndpoints(), serve: () => this.#serve() },
    });
    this.link = link;
    this.replier = replier;
    this.actions = actions;
    this.#sender = sender;
    this.#readiness = readiness;
    this.hasPrimaryMemory = primaryMemory !== undefined;
    this.memory =
      primaryMemory ??
      new ChannelMemory({
        filePrefix: options.filePrefix,
        runtimeDir: options.runtimeDir,
        options: options.memory,
        actions,
        whileWaiting: (ms) => this.#wait(ms),
        onError: (error) => this.onError(error),
      });
    link.onReplaced(() => {
      this.requester.forgetPrimary();
      this.messenger.forgetPrimary();
    });
    if (publicEndpoint === undefined) return;
    replier.open(publicEndpoint);
    actions.open(publicEndpoint);
    primaryMemory?.publish(this.eal);
  }

  /** What answering the EAL's requests takes. */
  get eal(): EalChannel {
    return {
      actions: this.actions,
      requestSync: (message, timeoutMs) => this.requester.requestSync(message, timeoutMs),
      sendTo: (message, path) => this.#sendTo(message, path),
      isAlive: (path) => this.transport.isListening(path),
      onError: (error) => this.onError(error),
      onWarning: (warning) => this.onWarning(warning),
      wait: (ms) => this.#wait(ms),
    };
  }

  /** A promise where there is something to wait for. */
  close(): Promise<void> | undefined {
    this.#readiness.close();
    this.actions.close();
    this.replier.close();
    this.requester.close();
    this.#sender.cancel(-ECANCELED);
    this.messenger.close();
    return this.#closeMemory();
  }

  /** The socket last: until then nobody else becomes the primary. It goes also where something of the memory can't. */
  #closeMemory(): Promise<void> | undefined {
    let ending: Promise<void> | undefined;
    try {
      ending = this.memory.close();
    } finally {
      if (ending === undefined) this.publicEndpoint?.close();
    }
    return ending?.finally(() => this.publicEndpoint?.close());
  }

  /** A message to one process, as soon as its queue has room; one that is gone meanwhile needs none. */
  #sendTo(message: Message, to: string): void {
    const { publicEndpoint: endpoint } = this;
    if (endpoint === undefined) return;
    const encoded = this.#sender.encode(this.link.dialect, MpType.MSG, message);
    const deadline = nowMs() + SEND_TIMEOUT_MS;
    this.#sender.send(encoded, { endpoint, to, connected: false, deadline, done: () => {} });
  }

  /** Sleeps, but serves what comes in: whoever holds what we wait for may be waiting for our answer. */
  #wait(ms: number): void {
    this.transport.wait(this.#inboundEndpoints(), undefined, ms);
    this.#serve();
  }

  #inboundEndpoints(): Endpoint[] {
    return [this.actions.endpoint, this.messenger.endpoint].filter((endpoint) => endpoint !== undefined);
  }

  #serve(): void {
    this.actions.serve();
    this.messenger.drain();
  }

  #warn(reason: string, detail: string): void {
    const hint = 'See stats.dropped for how often; NODE_DEBUG=dpdk-ipc shows each';
    this.onWarning(new MpError('EBADMSG', `Dropped a datagram (${reason}): ${detail}. ${hint}`));
  }
}

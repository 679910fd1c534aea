import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DialectId } from '../protocol/dialect.js';
import type { MpError } from '../protocol/errors.js';
import type { Message } from '../protocol/message.js';
import { checkTimeout } from '../protocol/validate.js';
import { disableMultiProcess } from '../shm/attach/mp-status.js';
import type { SharedMemory } from '../shm/attach/shared-memory.js';
import { assertNotAborted, checkSignal, listenForAbort } from './abort.js';
import type { Handler } from './actions/actions.js';
import type { ChannelCore } from './channel-core.js';
import { diagnostics } from './diagnostics.js';
import { closedError, throwUncaught } from './errors.js';
import type { HotplugRequests } from './hotplug/hotplug-requests.js';
import type { MpReply, Peer } from './messages/message.js';
import type { ChannelStats } from './messages/stats.js';
import { DEFAULT_TIMEOUT_MS, type ResolvedOptions } from './options.js';

/** Options of `MpChannel.requestSync`. */
export interface SyncRequestOptions {
  /** Milliseconds until the call fails with `ETIMEDOUT`; above 0, up to 2^31-1. Default 5,000. */
  readonly timeoutMs?: number | undefined;
}

/** Options of the calls that return a promise: `request`, `sendMessage`, and those of `hotplug`. */
export interface SendOptions extends SyncRequestOptions {
  /** Makes the call reject with `ECANCELED` when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Events of an {@link MpChannel}. */
export interface ChannelEvents {
  /**
   * A handler threw or rejected, or its answer could not be sent. Without a listener the first one becomes a process
   * warning.
   */
  error: [error: unknown];
  /**
   * A peer did something wrong, such as sending a malformed datagram. The first one of each kind; `ChannelStats.dropped`
   * counts all.
   */
  warning: [error: MpError];
  /** The channel was closed, by `close` or by its `signal`. */
  close: [];
}

/**
 * This process's end of DPDK's multi-process IPC (`rte_mp_*`). `openSecondary` and `openPrimary` make one. What C does on its
 * `rte_mp_handle` thread happens on the event loop of the thread that opened the channel.
 *
 * @example
 * await using channel = await openSecondary({ filePrefix: 'rte' });
 * channel.registerAction('hello', (message) => ({ param: `Got '${message.text()}'` }));
 */
export class MpChannel extends EventEmitter<ChannelEvents> implements AsyncDisposable {
  /** `'primary'` after `openPrimary`, `'secondary'` after `openSecondary`. */
  readonly role: 'primary' | 'secondary';
  /** DPDK's `--file-prefix`. */
  readonly filePrefix: string;
  /** Path of this channel's socket, as peers see it; `undefined` for a private channel. */
  readonly socketPath: string | undefined;
  readonly #core: ChannelCore;
  readonly #configPath: string | undefined;
  readonly #signal: AbortSignal | undefined;
  #isClosed = false;
  #closing = Promise.resolve();
  #hasWarned = false;
  readonly #onAbort = () => void this.close().catch((error) => this.#report(error));

  /** @internal */
  constructor(
    role: 'primary' | 'secondary',
    core: ChannelCore,
    { filePrefix, signal }: ResolvedOptions,
    configPath: string | undefined,
  ) {
    super();
    this.#core = core;
    this.#configPath = configPath;
    this.#signal = signal;
    this.role = role;
    this.filePrefix = filePrefix;
    this.socketPath = core.publicEndpoint?.path;
    core.reportError = (error) => this.#report(error);
    core.warn = (error) => emitSafely(() => this.emit('warning', error));
    if (signal?.aborted) this.#onAbort();
    else if (signal !== undefined) listenForAbort(signal, this.#onAbort);
  }

  /** The wire dialect in use. On a secondary it is the primary's, known from the last look at it. */
  get dialect(): DialectId {
    return this.#core.peers.dialect.id;
  }

  /** Most descriptors that one message can carry: `RTE_MP_MAX_FD_NUM` of the primary's release. */
  get maxFds(): number {
    return this.#core.peers.dialect.maxFds;
  }

  /** A snapshot of the counters since the channel was opened. */
  get stats(): ChannelStats {
    return this.#core.counters.snapshot();
  }

  /**
   * The primary's shared memory: memzones without copies. On a secondary the first access attaches it, and `close` detaches
   * it. After the primary was replaced, or the memory detached, the next access attaches anew, and objects of the old memory
   * throw `ERESTARTED`. While the memory is attached, a secondary with `visibility: 'peer'` answers the primary's requests to
   * follow its changes. On a primary that was opened with the option `memory`, this is its own memory, where zones can be
   * reserved and freed.
   *
   * Throws what `attachMemory` of `dpdk-ipc/shm` throws, such as `ENOPRIMARY` without a primary that shares memory. Throws
   * `ENOTSUP` on a primary without memory, `EAGAIN` in a handler that runs while the memory is being attached.
   *
   * @example
   * const zone = channel.memory.lookup('shared_info');
   * if (zone !== undefined) console.log(new BigUint64Array(zone.buffer, zone.byteOffset, 3)[1]);
   */
  get memory(): SharedMemory {
    this.#assertOpen();
    return this.#core.memory.get();
  }

  /** @internal */
  get hotplugRequests(): HotplugRequests {
    return this.#core.hotplugRequests;
  }

  /**
   * Registers an action: `rte_mp_action_register`. The channel calls `handler` for each message and request named `name`, in
   * the order in which they arrive. If the handler throws or rejects, the channel emits `'error'` and sends no reply.
   *
   * Throws `EINVAL` for an empty name or no function, `E2BIG` for a name of 64 bytes or more, `EEXIST` if the name is
   * registered already, `ECANCELED` on a closed channel.
   *
   * @example
   * channel.registerAction('hello', (msg) => ({ param: `Got '${msg.text()}'` }));
   */
  registerAction(name: string, handler: Handler): void {
    this.#assertOpen();
    this.#core.actions.register(name, handler);
  }

  /**
   * Removes an action: `rte_mp_action_unregister`. Returns false if no handler was registered under this name.
   *
   * @example
   * channel.unregisterAction('hello');
   */
  unregisterAction(name: string): boolean {
    return this.#core.actions.unregister(name);
  }

  /**
   * Sends a one-way message: `rte_mp_sendmsg`. A secondary's message goes to the primary, a primary's to every secondary.
   * The promise resolves once the message is in the receivers' queues; it waits for room there up to `timeoutMs`. Messages
   * to one receiver keep their order. Descriptors stay the caller's, who may close them once this call has returned its
   * promise.
   *
   * Rejects with `EINVAL`, `E2BIG` or `EBADF` for bad input; `ENOENT` or `ECONNREFUSED` without a primary; `ETIMEDOUT` if
   * there was no room in time; `ENOBUFS` if too many messages wait already; `ECANCELED` if the channel is closed or the
   * signal aborted.
   *
   * @example
   * await channel.sendMessage({ name: 'notify', param: 'link up' });
   */
  async sendMessage(message: Message, options: SendOptions = {}): Promise<void> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    this.#assertOpen();
    checkTimeout(timeoutMs);
    checkSignal(signal);
    assertNotAborted(signal);
    await this.#core.oneWay.send(message, timeoutMs, signal);
  }

  /**
   * Sends a request and blocks this thread until every peer has answered: `rte_mp_request_sync`. Meanwhile the channel
   * answers requests whose handlers are synchronous; other channels of this thread stand still. A primary asks one secondary
   * after the other, and stops at the first that fails.
   *
   * Throws the errors of {@link MpChannel.request}.
   *
   * @example
   * const reply = channel.requestSync({ name: 'hello', param: 'from Node' }, { timeoutMs: 1000 });
   * console.log(reply.msgs[0]?.text());
   */
  requestSync(message: Message, options: SyncRequestOptions = {}): MpReply {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    this.#assertOpen();
    checkTimeout(timeoutMs);
    const ask = () => this.#core.requester.requestSync(message, timeoutMs);
    if (!diagnostics.request.hasSubscribers) return ask();
    return diagnostics.request.traceSync(ask, { name: message.name, sync: true });
  }

  /**
   * Sends a request and resolves to the answers: `rte_mp_request_async`. A secondary asks the primary; a primary asks all
   * secondaries at once. Peers that answer IGN are not counted, and without any peer the reply is empty.
   *
   * Rejects with `EINVAL`, `E2BIG` or `EBADF` for bad input; `ENOENT` or `ECONNREFUSED` without a primary; `ETIMEDOUT`
   * (an `MpTimeoutError` with the answers that did come) if some peer didn't answer in time; `EVERSION` if the
   * primary's dialect is unknown; `EEXIST` with the option `exclusiveRequests`; `ECANCELED` if the channel is closed or the
   * signal aborted.
   *
   * @example
   * const { msgs } = await channel.request({ name: 'hello', param: 'from Node' });
   */
  async request(message: Message, options: SendOptions = {}): Promise<MpReply> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    this.#assertOpen();
    checkTimeout(timeoutMs);
    checkSignal(signal);
    assertNotAborted(signal);
    const ask = () => this.#core.requester.request(message, timeoutMs, signal);
    if (!diagnostics.request.hasSubscribers) return ask();
    return diagnostics.request.tracePromise(ask, { name: message.name, sync: false });
  }

  /**
   * Answers a request after its handler has returned: `rte_mp_reply`. `peer` is the object that the handler got. The promise
   * resolves once the reply is in the requester's queue; it waits for room there up to 5,000 ms.
   *
   * Rejects with `EINVAL` for a name other than the request's, `EALREADY` for a second reply, `ENOENT` or `ECONNREFUSED` if
   * the requester is gone (a primary's reply to a dead secondary resolves), `ETIMEDOUT` if the requester's queue stayed full,
   * `EDESTADDRREQ` if the requester has no address, `ECANCELED` on a closed or private channel.
   *
   * @example
   * channel.registerAction('later', (msg, peer) => {
   *   setImmediate(() => channel.reply({ name: msg.name, param: 'done' }, peer));
   * });
   */
  async reply(message: Message, peer: Peer): Promise<void> {
    this.#assertOpen();
    await this.#core.replier.reply(message, peer);
  }

  /**
   * Makes the primary refuse C secondaries from now on: `rte_mp_disable`. Returns true if secondaries are refused, by this
   * call or an earlier one. Returns false once any secondary has attached, so always on a secondary with
   * `visibility: 'peer'` of a primary with shared memory. A Node primary without shared memory can't refuse any: there
   * the result says whether no secondary is or was there.
   *
   * @example
   * if (!channel.disable()) console.log('a secondary was faster');
   */
  disable(): boolean {
    this.#assertOpen();
    if (this.#configPath !== undefined) return disableMultiProcess(this.#configPath);
    return this.role === 'primary' && this.#core.counters.received === 0 && this.peers().length === 0;
  }

  /**
   * Returns the peers that a message would go to now: a primary's secondaries, or a secondary's primary. The socket of a
   * killed process may be among them.
   *
   * @example
   * for (const { path, pid } of channel.peers()) console.log(path, pid);
   */
  peers(): Peer[] {
    this.#assertOpen();
    return this.#core.peers.list();
  }

  /** Makes the open channel keep the process alive, which is the default. */
  ref(): this {
    this.#core.publicEndpoint?.ref();
    return this;
  }

  /** Lets the process end while the channel is open. Requests that are under way keep it alive all the same. */
  unref(): this {
    this.#core.publicEndpoint?.unref();
    return this;
  }

  /**
   * Closes the channel: `rte_mp_channel_cleanup`. Pending requests and sends reject with `ECANCELED`; sockets are closed and
   * their files removed. A second call returns the same promise. A handler that closes the channel has to send its answer
   * first, with `await channel.reply(…)`.
   *
   * @example
   * await channel.close();
   */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#closing = this.#end();
    }
    return this.#closing;
  }

  async #end(): Promise<void> {
    // a listener may close the channel in the middle of a change of memory, which has to be completed first
    if (this.#core.actions.isDeferringUserActions) await nextTurn();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    const ending = this.#core.close();
    if (ending !== undefined) await ending;
    this.emit('close');
  }

  /** Same as {@link MpChannel.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedError();
  }

  #report(error: unknown): void {
    if (this.listenerCount('error') > 0) {
      emitSafely(() => this.emit('error', error));
      return;
    }
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(
      `${text}\nA dpdk-ipc handler failed: listen to the channel's 'error' event to see further failures`,
    );
  }
}

/**
 * Calls listeners. An error that a listener throws becomes an uncaught exception: thrown here, it would break off the
 * caller's work.
 */
function emitSafely(emit: () => void): void {
  try {
    emit();
  } catch (error) {
    throwUncaught(error);
  }
}

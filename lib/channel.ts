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

/** Options of the calls that block. */
export interface SyncRequestOptions {
  /** Milliseconds until `ETIMEDOUT`, more than 0; default 5,000. */
  readonly timeoutMs?: number | undefined;
}

/** Options of the calls that don't. */
export interface SendOptions extends SyncRequestOptions {
  /** Gives up with `ECANCELED` when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** What a channel emits. */
export interface ChannelEvents {
  /** A handler failed, or what it returned could not be sent. Without a listener the first one becomes a warning. */
  error: [error: unknown];
  /** Something came in that should not have, for the first time; `ChannelStats.dropped` counts all. */
  warning: [error: MpError];
  /** The channel was closed, by `close` or its `signal`. */
  close: [];
}

/**
 * A process's end of DPDK's multi-process IPC; `openSecondary` and `openPrimary` make one. Everything that C does on
 * its `rte_mp_handle` thread happens on the event loop of the thread that opened the channel.
 */
export class MpChannel extends EventEmitter<ChannelEvents> implements AsyncDisposable {
  /** What it was opened as. */
  readonly role: 'primary' | 'secondary';
  /** DPDK's `--file-prefix`. */
  readonly filePrefix: string;
  /** Our socket as peers see it; `undefined` when private. */
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
    core.onError = (error) => this.#report(error);
    core.onWarning = (error) => outside(() => this.emit('warning', error));
    if (signal?.aborted) this.#onAbort();
    else if (signal !== undefined) listenForAbort(signal, this.#onAbort);
  }

  /** The wire dialect in use: the primary's, as of the last look at it. */
  get dialect(): DialectId {
    return this.#core.peers.dialect.id;
  }

  /** Most descriptors in one message: `RTE_MP_MAX_FD_NUM` of the primary's release. */
  get maxFds(): number {
    return this.#core.peers.dialect.maxFds;
  }

  /** Counters since the channel was opened; a snapshot. */
  get stats(): ChannelStats {
    return this.#core.counters.snapshot();
  }

  /**
   * The primary's shared memory, attached at first use: memzones without copies. After the primary was replaced (or the
   * memory detached) the next access attaches anew, and what came from the old one says `ERESTARTED`. While memory is
   * attached, a `'peer'` answers the primary's memory sync requests. `close` detaches it.
   *
   * On a primary that was opened with the option `memory`, its own, where zones can be reserved and freed.
   *
   * Throws what `attachMemory` (`dpdk-ipc/shm`) throws: `ENOPRIMARY` without a primary that shares memory, and so on;
   * `ENOTSUP` on a primary without memory.
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
   * `rte_mp_action_register`: calls `handler` for each message and request named `name`, in the order in which they
   * arrive. A handler that throws or rejects is reported as `'error'`, and no reply is sent.
   *
   * Throws `EINVAL` (empty name), `E2BIG` (64 bytes or more), `EEXIST` (registered already).
   *
   * @example
   * channel.registerAction('hello', (msg) => ({ param: `Got '${msg.text()}'` }));
   */
  registerAction(name: string, handler: Handler): void {
    this.#assertOpen();
    this.#core.actions.register(name, handler);
  }

  /** `rte_mp_action_unregister`; false if nothing was registered under this name. */
  unregisterAction(name: string): boolean {
    return this.#core.actions.unregister(name);
  }

  /**
   * `rte_mp_sendmsg`: a secondary's message goes to the primary, a primary's to every secondary. Resolves once it is in
   * the receivers' queues. Waits for room there until `timeoutMs`; messages to one receiver keep their order.
   *
   * Rejects with `EINVAL`, `E2BIG`, `EBADF` for bad input; `ENOENT`, `ECONNREFUSED` without a primary; `ETIMEDOUT` when
   * there was no room; `ENOBUFS` when too many wait already; `ECANCELED` when closed or aborted. Descriptors stay the
   * caller's, and may be closed as soon as this has returned its promise.
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
   * `rte_mp_request_sync`: asks and blocks this thread until everybody has answered. Meanwhile requests that arrive are
   * served, as far as their handlers are synchronous; other channels of this thread are not. A primary asks one secondary
   * after the other and stops at the first that fails.
   *
   * Throws as `request` does.
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
   * `rte_mp_request_async`: asks without blocking. A primary asks all secondaries at once. Peers that answer IGN are
   * not counted; with nobody to ask the reply is empty.
   *
   * Rejects with `EINVAL`, `E2BIG`, `EBADF` for bad input; `ENOENT`, `ECONNREFUSED` without a primary; `ETIMEDOUT`
   * (`MpTimeoutError`, with the answers that did come) when somebody didn't answer; `EVERSION` for a primary whose
   * dialect is unknown; `EEXIST` with `exclusiveRequests`; `ECANCELED` when closed or aborted.
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
   * `rte_mp_reply`: answers a request later than by the handler's return value. `peer` is the object that the handler
   * got; a name other than the request's is refused (`EINVAL`), and so is a second reply (`EALREADY`).
   *
   * Rejects with `ENOENT`, `ECONNREFUSED` when the requester is gone (to a primary that is no failure), `ETIMEDOUT`
   * when its queue stayed full, `EDESTADDRREQ` when it has no address.
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
   * `rte_mp_disable`: has the primary refuse C secondaries from now on. True if they are refused, by this call or
   * before; false once any secondary has attached, so always on a secondary that is a peer of a primary with
   * shared memory. A Node primary without it has nothing to say it in: it tells whether a secondary is or was there.
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
   * The sockets that a broadcast would reach now: all secondaries, or, for a secondary, its primary. A killed process's
   * socket may be among them.
   *
   * @example
   * for (const { path, pid } of channel.peers()) console.log(path, pid);
   */
  peers(): Peer[] {
    this.#assertOpen();
    return this.#core.peers.list();
  }

  /** Keeps the process alive while the channel can receive; so it does from the start. */
  ref(): this {
    this.#core.publicEndpoint?.ref();
    return this;
  }

  /** Lets the process end although the channel is open. Requests that are under way keep it alive all the same. */
  unref(): this {
    this.#core.publicEndpoint?.unref();
    return this;
  }

  /**
   * `rte_mp_channel_cleanup`: pending requests and sends reject with `ECANCELED`, sockets are closed and their files
   * removed. Closing twice is harmless: both wait for the same end. A handler that closes the channel sends its answer first:
   * `await channel.reply(…)`.
   */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#closing = this.#end();
    }
    return this.#closing;
  }

  async #end(): Promise<void> {
    // a listener may close us while memory is being changed, which can't be left half done
    if (this.#core.actions.isAnsweringBuiltInsOnly) await nextTurn();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    const ending = this.#core.close();
    if (ending !== undefined) await ending;
    this.emit('close');
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedError();
  }

  #report(error: unknown): void {
    if (this.listenerCount('error') > 0) {
      outside(() => this.emit('error', error));
      return;
    }
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(
      `${text}\nA dpdk-ipc handler failed; listen to the channel's 'error' event for the next ones`,
    );
  }
}

/** Calls listeners. What one throws is the process's to catch: thrown here, it would break off what we are in the middle of. */
function outside(emit: () => void): void {
  try {
    emit();
  } catch (error) {
    throwUncaught(error);
  }
}

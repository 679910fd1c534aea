import { invalid, MpError } from '../../protocol/errors.js';
import { MpType } from '../../protocol/message.js';
import { checkName } from '../../protocol/validate.js';
import {
  closeAll,
  type Peer,
  peerAt,
  Received,
  type ReceivedMessage,
  type ReplyBody,
} from '../messages/message.js';
import type { Inbound } from '../messages/receiver.js';
import type { ResolvedOptions } from '../options.js';
import type { Wire } from '../peers/peers.js';
import type { Endpoint } from '../transport/transport.js';
import type { Replier } from './replier.js';

/** Class of {@link IGNORE}. It is no symbol, because TypeScript forgets which symbol an async function returns. */
export class Ignore {
  readonly #brand = 'IGNORE';

  /** Returns `'dpdk-ipc.IGNORE'`, for logs. */
  toString(): string {
    return `dpdk-ipc.${this.#brand}`;
  }
}

/**
 * What a handler returns to answer a request with type IGN: "don't count me". The requester then leaves this process out of
 * `nbSent`.
 *
 * @example
 * channel.registerAction('hello', (message) => (message.text() === '' ? IGNORE : { param: 'hi' }));
 */
export const IGNORE: Ignore = new Ignore();

/** What a handler may return; see {@link Handler}. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement is of this type
export type HandlerResult = ReplyBody | typeof IGNORE | void;

/**
 * Function that handles the messages and requests of one name: C's `rte_mp_t`. The answer to a request is what the handler
 * returns or resolves to: a {@link ReplyBody} is sent as the reply, under the request's name; {@link IGNORE} is sent as IGN;
 * `undefined` sends nothing, and `MpChannel.reply` may answer later. What it returns for a message is not sent.
 *
 * @example
 * const hello: Handler = (message, peer) => ({ param: `Got '${message.text()}' from ${peer.path}` });
 */
export type Handler = (message: ReceivedMessage, peer: Peer) => HandlerResult | Promise<HandlerResult>;

/** How many datagrams are handled in one turn of the event loop. */
const BATCH = 256;

/** The registered actions. Reads the public endpoint and calls the handler of each message and request. */
export class Actions {
  readonly #wire: Wire;
  readonly #replier: Replier;
  readonly #options: ResolvedOptions;
  readonly #onError: (error: unknown) => void;
  readonly #handlers = new Map<string, Handler>();
  readonly #builtIn = new Map<string, Handler>();
  #endpoint: Endpoint | undefined;
  #pending = 0;
  /** Messages for the user's actions that arrived during {@link Actions.deferUserActions}. */
  #deferred: Inbound[] = [];
  #deferDepth = 0;

  /** @param onError called when a handler threw, rejected or returned a value that can't be sent */
  constructor(wire: Wire, replier: Replier, options: ResolvedOptions, onError: (error: unknown) => void) {
    this.#wire = wire;
    this.#replier = replier;
    this.#options = options;
    this.#onError = onError;
  }

  register(name: string, handler: Handler): void {
    checkName(name);
    if (typeof handler !== 'function') {
      throw invalid(`The handler of '${name}' is no function: give a function`);
    }
    if (this.#handlers.has(name)) {
      throw new MpError(
        'EEXIST',
        `Action '${name}' is registered already: unregister it first, or use another name`,
      );
    }
    this.#handlers.set(name, handler);
  }

  unregister(name: string): boolean {
    return this.#handlers.delete(name);
  }

  /** Registers a handler that answers while the user has registered none of this name. */
  registerBuiltIn(name: string, handler: Handler): void {
    this.#builtIn.set(name, handler);
  }

  /** Starts to handle what arrives at `endpoint`. */
  open(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    endpoint.watch(() => this.serve());
  }

  close(): void {
    this.#endpoint?.unwatch(); // its owner may close it later
    this.#endpoint = undefined;
    for (const { fds } of this.#deferred.splice(0)) closeAll(fds, this.#wire.receiver.counters);
  }

  /**
   * The public endpoint; `undefined` while so many handlers are pending that messages have to wait in the kernel's queue.
   */
  get endpoint(): Endpoint | undefined {
    const waiting = this.#pending + this.#deferred.length;
    return waiting < this.#options.maxPendingMessages ? this.#endpoint : undefined;
  }

  /** Handles the messages that have arrived, one batch at most. */
  serve(): void {
    for (let i = 0; i < BATCH; i++) {
      const inbound = this.#next();
      if (inbound === undefined) return;
      if (this.#deferDepth > 0 && !this.#isBuiltIn(inbound)) this.#deferred.push(inbound);
      else this.#deliver(inbound);
    }
  }

  get isDeferringUserActions(): boolean {
    return this.#deferDepth > 0;
  }

  /**
   * Runs `section`, during which only built-in actions are answered. Messages for the user's actions are handled
   * afterwards.
   */
  deferUserActions<T>(section: () => T): T {
    this.#deferDepth++;
    try {
      return section();
    } finally {
      this.#deferDepth--;
      this.#serveDeferredSoon();
    }
  }

  /** Has the event loop handle the deferred messages: the socket is not readable for them. Takes a turn for each batch. */
  #serveDeferredSoon(): void {
    if (this.#deferred.length === 0) return;
    setImmediate(() => {
      this.serve();
      this.#serveDeferredSoon();
    });
  }

  #next(): Inbound | undefined {
    if (this.#deferDepth === 0 && this.#deferred.length > 0) return this.#deferred.shift();
    const { endpoint } = this;
    return endpoint && this.#wire.receiver.next(endpoint);
  }

  #isBuiltIn({ message }: Inbound): boolean {
    return this.#builtIn.has(message.name) && !this.#handlers.has(message.name);
  }

  #deliver(inbound: Inbound): void {
    const { message, fds, sender } = inbound;
    const { receiver, peers } = this.#wire;
    if (message.type === MpType.REP || message.type === MpType.IGN) {
      receiver.drop('late-reply', fds, sender, message.name);
      return;
    }
    const handler = this.#handlers.get(message.name) ?? this.#builtIn.get(message.name);
    if (handler !== undefined) {
      this.#handle(handler, inbound);
      return;
    }
    receiver.drop('no-action', fds, sender, message.name);
    if (message.type !== MpType.REQ || !isSendable(message.name)) return;
    if (this.#options.unhandledRequests === 'silent') return;
    const peer = peerAt(sender ?? '');
    this.#replier.expect(peer, message.name, inbound.dialect);
    this.#answer(peer, message.name, peers.refusalOf(message.name, message.param) ?? IGNORE);
  }

  #handle(handler: Handler, inbound: Inbound): void {
    const { message, fds, sender } = inbound;
    const peer = peerAt(sender ?? '');
    const isRequest = message.type === MpType.REQ;
    if (isRequest) this.#replier.expect(peer, message.name, inbound.dialect);
    const settle = (result: HandlerResult) => {
      if (isRequest && result !== undefined) this.#answer(peer, message.name, result);
      closeAll(fds, this.#wire.receiver.counters);
    };
    const fail = (error: unknown) => {
      closeAll(fds, this.#wire.receiver.counters);
      this.#onError(error);
    };
    try {
      const received = new Received(message, fds, this.#wire.receiver.counters);
      const result = handler(received, peer);
      if (isPromise(result)) {
        received.closeWhenCollected(); // in case the promise never settles
        this.#await(result, settle, fail);
      } else settle(result);
    } catch (error) {
      fail(error);
    }
  }

  #await(
    result: PromiseLike<HandlerResult>,
    settle: (result: HandlerResult) => void,
    fail: (error: unknown) => void,
  ): void {
    this.#pending++;
    if (this.#pending === this.#options.maxPendingMessages) this.#endpoint?.unwatch();
    const done = () => {
      this.#pending--;
      if (this.#pending === this.#options.maxPendingMessages - 1) this.#endpoint?.watch(() => this.serve());
    };
    Promise.resolve(result)
      .then(settle)
      .then(done, (error: unknown) => {
        done();
        fail(error);
      });
  }

  #answer(peer: Peer, name: string, result: ReplyBody | typeof IGNORE): void {
    const isIgnored = result instanceof Ignore;
    if (!isIgnored && (typeof result !== 'object' || result === null)) {
      const message = `The handler of '${name}' returned a ${typeof result}: return { param, fds }, IGNORE or nothing`;
      throw invalid(message);
    }
    this.#replier.answer(peer, name, isIgnored ? undefined : result).catch(this.#onError);
  }
}

/** Whether an answer can have this name. An empty name can't be sent; of a name that was no UTF-8 the bytes are lost. */
function isSendable(name: string): boolean {
  return name !== '' && !name.includes('\ufffd');
}

function isPromise(value: unknown): value is PromiseLike<HandlerResult> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

import { MpError } from '../../protocol/errors.js';
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

/** The type of {@link IGNORE}, of its own: TypeScript forgets which symbol an async function returns. */
export class Ignore {
  readonly #brand = 'IGNORE';

  /** `'dpdk-ipc.IGNORE'`, for logs. */
  toString(): string {
    return `dpdk-ipc.${this.#brand}`;
  }
}

/** What a handler returns to answer a request with type IGN: "don't count me". */
export const IGNORE: Ignore = new Ignore();

/** What an action may return; see {@link Handler}. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement is of this type
export type HandlerResult = ReplyBody | typeof IGNORE | void;

/**
 * An action: C's `rte_mp_t`. For a request, what it returns (or resolves to) is sent as the reply, under the request's
 * own name; {@link IGNORE} answers with IGN; nothing returned sends nothing, and `MpChannel.reply` may do so later.
 */
export type Handler = (message: ReceivedMessage, peer: Peer) => HandlerResult | Promise<HandlerResult>;

/** Datagrams handled in one go before the event loop gets its turn. */
const BATCH = 256;

/** The registered actions, and what comes in for them at the public endpoint. */
export class Actions {
  readonly #wire: Wire;
  readonly #replier: Replier;
  readonly #options: Pick<ResolvedOptions, 'unhandledRequests' | 'maxPendingMessages'>;
  readonly #onError: (error: unknown) => void;
  readonly #handlers = new Map<string, Handler>();
  readonly #builtIn = new Map<string, Handler>();
  #endpoint: Endpoint | undefined;
  #pending = 0;
  /** What came in for others while only built-in actions are answered. */
  #deferred: Inbound[] = [];
  #builtInsOnly = 0;

  /** @param onError a handler threw, rejected or returned something that can't be sent */
  constructor(
    wire: Wire,
    replier: Replier,
    options: Pick<ResolvedOptions, 'unhandledRequests' | 'maxPendingMessages'>,
    onError: (error: unknown) => void,
  ) {
    this.#wire = wire;
    this.#replier = replier;
    this.#options = options;
    this.#onError = onError;
  }

  register(name: string, handler: Handler): void {
    checkName(name);
    if (typeof handler !== 'function') {
      throw new MpError('EINVAL', `The handler of '${name}' is no function: give one`);
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

  /** What answers while nobody has registered under this name. */
  registerBuiltIn(name: string, handler: Handler): void {
    this.#builtIn.set(name, handler);
  }

  /** Starts to handle what comes in. */
  open(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    endpoint.watch(() => this.serve());
  }

  close(): void {
    this.#endpoint?.unwatch(); // it may take a while until it is closed
    this.#endpoint = undefined;
    for (const { fds } of this.#deferred.splice(0)) closeAll(fds, this.#wire.receiver.counters);
  }

  /** The public endpoint, unless handlers are so far behind that the kernel's queue has to push back. */
  get endpoint(): Endpoint | undefined {
    const waiting = this.#pending + this.#deferred.length;
    return waiting < this.#options.maxPendingMessages ? this.#endpoint : undefined;
  }

  /** Handles what is there now. */
  serve(): void {
    for (let i = 0; i < BATCH; i++) {
      const inbound = this.#next();
      if (inbound === undefined) return;
      if (this.#builtInsOnly > 0 && !this.#isBuiltIn(inbound)) this.#deferred.push(inbound);
      else this.#deliver(inbound);
    }
  }

  get isAnsweringBuiltInsOnly(): boolean {
    return this.#builtInsOnly > 0;
  }

  /** Runs `section`; what arrives for the user's actions meanwhile is handled afterwards. */
  answeringBuiltInsOnly<T>(section: () => T): T {
    this.#builtInsOnly++;
    try {
      return section();
    } finally {
      this.#builtInsOnly--;
      this.#serveDeferredSoon();
    }
  }

  /** Nothing at the socket tells that they are there. More than a batch takes further turns. */
  #serveDeferredSoon(): void {
    if (this.#deferred.length === 0) return;
    setImmediate(() => {
      this.serve();
      this.#serveDeferredSoon();
    });
  }

  #next(): Inbound | undefined {
    if (this.#builtInsOnly === 0 && this.#deferred.length > 0) return this.#deferred.shift();
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
        received.closeWhenCollected(); // should it never settle
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
      throw new MpError('EINVAL', message);
    }
    this.#replier.answer(peer, name, isIgnored ? undefined : result).catch(this.#onError);
  }
}

/** Whether an answer can have this name: not an empty one, nor one that was no UTF-8, whose bytes are lost. */
function isSendable(name: string): boolean {
  return name !== '' && !name.includes('\ufffd');
}

function isPromise(value: unknown): value is PromiseLike<HandlerResult> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

// Random calls of the API, many with arguments that the types forbid.
import fc from 'fast-check';

/** A call on a channel, and a change to its message right after the call. */
export interface Call {
  readonly kind: 'sendMessage' | 'request' | 'requestSync' | 'reply' | 'asked';
  readonly message: unknown;
  readonly peer: unknown;
  readonly timeoutMs: unknown;
  /** Properties that are assigned to the message when the call has returned. */
  readonly later: unknown;
}

const text = fc.oneof(
  fc.constantFrom('echo', 'a', 'n'.repeat(63), 'größe', '\ufeffx', '', 'n'.repeat(64), 'ü'.repeat(32)),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.constantFrom('a\0b', '\ud800', 'x\udc00y', '\ufffd'),
);
const odd = fc.constantFrom<unknown>(undefined, null, 0, 1.5, Number.NaN, true, 1n, {}, [], new String('x'));
const name = fc.oneof({ weight: 8, arbitrary: text }, { weight: 1, arbitrary: odd });

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 256 }),
  fc.uint8Array({ minLength: 255, maxLength: 260 }),
  fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
  fc.uint8Array({ maxLength: 64 }).map((array) => new Uint8Array(new SharedArrayBuffer(array.length))),
);
const oddBytes = fc.constantFrom<() => unknown>(
  () => new DataView(new ArrayBuffer(8)),
  () => new ArrayBuffer(8),
  () => new Uint16Array(4),
  () => new Int8Array(300),
  detached,
  () => ({ length: 10, byteLength: 10 }),
  () => Object.create(Uint8Array.prototype),
);
const param = fc.oneof(
  { weight: 5, arbitrary: bytes },
  { weight: 3, arbitrary: fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), text) },
  { weight: 1, arbitrary: oddBytes }, // made when it is used: a report can't print a detached array
  { weight: 1, arbitrary: odd },
);

/** 0 to 2 are open; -1, 2^31 and the like never are. */
const fd = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<unknown>(0, 1, 2) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(-1, 1_000_000, 2 ** 31, 2 ** 32, 1.5, Number.NaN, '1', null),
  },
);
const fds = fc.oneof(
  { weight: 6, arbitrary: fc.array(fd, { maxLength: 10 }) },
  { weight: 1, arbitrary: fc.constantFrom(252, 253, 254).map((count) => new Array(count).fill(0)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(new Array(3), { length: 2, 0: 0, 1: 0 }, 'fds', new Set([0])),
  },
  { weight: 1, arbitrary: fc.constant(null).map(growingArray) },
);

const plain = fc.record({ name, param, fds }, { requiredKeys: ['name'] });
const message = fc.oneof(
  { weight: 10, arbitrary: plain },
  { weight: 2, arbitrary: fc.tuple(plain, plain, fc.nat(6)).map(([a, b, at]) => changing(a, b, at)) },
  { weight: 1, arbitrary: odd },
);

const peer = fc.oneof(
  fc.constantFrom<unknown>(
    'known',
    undefined,
    null,
    {},
    { path: '' },
    { path: 'x'.repeat(108) },
    { path: 5 },
  ),
  fc.constantFrom<unknown>({ path: '/nowhere' }, { path: 'a\0b' }, 'self'),
);

export const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.constantFrom('sendMessage', 'request', 'requestSync', 'reply', 'asked'),
  message,
  peer,
  timeoutMs: fc.oneof(
    { weight: 9, arbitrary: fc.constant<unknown>(3) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(0, -1, Number.NaN, 2 ** 31, '5', null) },
  ),
  later: fc.option(plain, { nil: undefined }),
});

/** The message as it is given to the package. */
export function materialize(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || !('param' in message)) return message;
  const { param } = message;
  return typeof param === 'function' ? { ...message, param: param() } : message;
}

function detached(): Uint8Array {
  const array = new Uint8Array(16);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** An array whose length grows each time it is read. */
function growingArray(): readonly number[] {
  let length = 0;
  return new Proxy([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], {
    get: (target, key) => (key === 'length' ? Math.min(length++, 12) : Reflect.get(target, key)),
  });
}

/** A message whose properties are those of another one after `after` reads. */
function changing(first: object, then: object, after: number): object {
  let reads = 0;
  return new Proxy(first, { get: (_, key) => Reflect.get(reads++ < after ? first : then, key) });
}

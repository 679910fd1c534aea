import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { DIALECTS, decodeMessage, encodeMessage, type Message, MpType } from '../../protocol/index.js';
import { checkName, checkTimeout } from '../../protocol/validate.js';
import { thrown } from '../support/mp-error.js';

const HALF_PAIR = '\ud83d';

describe('checkName', () => {
  const good: readonly [string, string][] = [
    ['one character', 'a'],
    ['63 characters', 'n'.repeat(63)],
    ['63 bytes of two-byte characters', `${'é'.repeat(31)}e`],
    ['63 bytes of four-byte characters', `${'😀'.repeat(15)}abc`],
  ];
  for (const [what, name] of good) it(`takes ${what}`, () => checkName(name));

  const bad: readonly [string, unknown, string, RegExp][] = [
    ['an empty name', '', 'EINVAL', /is empty: give a string of 1 to 63 bytes/],
    [
      '64 characters',
      'n'.repeat(64),
      'E2BIG',
      /'.{16,32}\.\.\.' is too long: shorten it to 63 bytes of UTF-8$/,
    ],
    [
      '64 bytes in 32 characters',
      'é'.repeat(32),
      'E2BIG',
      /'.{16,32}\.\.\.' is too long: shorten it to 63 bytes of UTF-8$/,
    ],
    [
      '66 bytes of three-byte characters',
      '€'.repeat(22),
      'E2BIG',
      /'.{16,32}\.\.\.' is too long: shorten it to 63 bytes of UTF-8$/,
    ],
    [
      '64 bytes of four-byte characters',
      '😀'.repeat(16),
      'E2BIG',
      /'.{16,32}\.\.\.' is too long: shorten it to 63 bytes of UTF-8$/,
    ],
    ['a megabyte', 'n'.repeat(1 << 20), 'E2BIG', /'n{32}\.\.\.' is too long/],
    ['a NUL inside', 'a\0b', 'EINVAL', /"a\\u0000b" has a NUL/],
    ['only a NUL', '\0', 'EINVAL', /has a NUL/],
    ['half a surrogate pair at the end', `a${HALF_PAIR}`, 'EINVAL', /isn't well-formed/],
    ['half a surrogate pair inside', `${HALF_PAIR}a`, 'EINVAL', /isn't well-formed/],
    ['the wrong half', '\ude00\ude00', 'EINVAL', /isn't well-formed/],
    ['undefined', undefined, 'EINVAL', /name is undefined: give a string/],
    ['null', null, 'EINVAL', /name is null: give a string/],
    ['a number', 5, 'EINVAL', /name is 5: give a string/],
    ['a String object', new String('echo'), 'EINVAL', /name is an object: give a string/],
    ['an array', ['echo'], 'EINVAL', /name is an object: give a string/],
  ];
  for (const [what, name, code, message] of bad) {
    it(`refuses ${what}`, () => {
      const error = thrown(() => checkName(name as string));
      expect(error.code).to.equal(code);
      expect(error.message).to.match(message);
    });
  }
});

describe('a message to be encoded', () => {
  const small = DIALECTS['332/8'];
  const large = DIALECTS['340/253'];

  function check(message: unknown, dialect = small): Uint8Array {
    return decodeMessage(dialect, encodeMessage(dialect, MpType.MSG, message as Message)).param;
  }

  function refusal(message: unknown, dialect = small) {
    return thrown(() => check(message, dialect));
  }

  it('returns no bytes for no param', () => {
    expect(check({ name: 'a' })).to.have.length(0);
    expect(check({ name: 'a', param: undefined, fds: undefined })).to.have.length(0);
  });

  it('returns the bytes of a string with one NUL behind', () => {
    expect([...check({ name: 'a', param: 'hi' })]).to.deep.equal([104, 105, 0]);
    expect([...check({ name: 'a', param: '' })]).to.deep.equal([0]);
    const edges = 'é€😀\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff';
    expect([...check({ name: 'a', param: edges })]).to.deep.equal([...Buffer.from(`${edges}\0`)]);
  });

  it("keeps the caller's bytes", () => {
    const param = Buffer.alloc(256, 7);
    expect([...check({ name: 'a', param })]).to.deep.equal([...param]);
  });

  it('takes bytes of another realm', () => {
    expect(check({ name: 'a', param: runInNewContext('new Uint8Array([1, 2])') })).to.have.length(2);
  });

  it("takes 255 bytes of text, 256 of param and the dialect's number of descriptors", () => {
    expect(check({ name: 'a', param: 'x'.repeat(255) })).to.have.length(256);
    expect(check({ name: 'a', param: new Uint8Array(256), fds: new Array(8).fill(3) })).to.have.length(256);
    expect(check({ name: 'a', fds: new Array(253).fill(3) }, large)).to.have.length(0);
  });

  for (const message of [null, undefined, 'echo', 7]) {
    it(`refuses ${JSON.stringify(message)} for a message`, () => {
      const error = refusal(message);
      expect(error.code).to.equal('EINVAL');
      expect(error.message).to.match(/give an object with a name$/);
    });
  }

  for (const param of [
    null,
    5,
    true,
    {},
    [1, 2],
    new ArrayBuffer(4),
    new Uint16Array(2),
    new DataView(new ArrayBuffer(2)),
  ]) {
    it(`refuses ${Object.prototype.toString.call(param)} for a param`, () => {
      const error = refusal({ name: 'a', param });
      expect(error.code).to.equal('EINVAL');
      expect(error.message).to.match(/give a Uint8Array or a string$/);
    });
  }

  it('refuses text with half a surrogate pair', () => {
    const error = refusal({ name: 'a', param: `ok${HALF_PAIR}` });
    expect(error.code).to.equal('EINVAL');
    expect(error.message).to.match(/or send a Uint8Array$/);
  });

  it('refuses a param over 256 bytes and says how long it is', () => {
    expect(refusal({ name: 'a', param: new Uint8Array(257) })).to.include({ code: 'E2BIG' });
    expect(refusal({ name: 'a', param: new Uint8Array(257) }).message).to.contain("'a' has 257 bytes");
    for (const text of [
      'x'.repeat(256),
      'é'.repeat(128),
      '\u07ff'.repeat(128),
      '\u0800'.repeat(86),
      'x'.repeat(1 << 20),
    ]) {
      const error = refusal({ name: 'a', param: text });
      expect(error.code).to.equal('E2BIG');
      expect(error.message).to.contain(`with its trailing NUL has ${Buffer.byteLength(text) + 1} bytes`);
    }
  });

  it('refuses more descriptors than the dialect takes', () => {
    const error = refusal({ name: 'a', fds: new Array(9).fill(3) });
    expect(error.code).to.equal('E2BIG');
    expect(error.message).to.contain('9 descriptors and dialect 332/8 takes 8');
    expect(refusal({ name: 'a', fds: new Array(254).fill(3) }, large).code).to.equal('E2BIG');
  });

  const notFds: readonly unknown[] = [
    null,
    3,
    '3',
    {},
    new Int32Array(2),
    [-1],
    [3, 1.5],
    [Number.NaN],
    ['3'],
    [2 ** 31],
  ];
  for (const fds of [...notFds, [undefined], new Array(1), [{}]]) {
    it(`refuses ${JSON.stringify(fds)} (${typeof fds}) for descriptors`, () => {
      const error = refusal({ name: 'a', fds });
      expect(error.code).to.equal('EBADF');
      expect(error.message).to.match(/give an (array of descriptor numbers|open descriptor's number)$/);
    });
  }

  it('takes the largest descriptor number', () => {
    expect(check({ name: 'a', fds: [0, 2 ** 31 - 1] })).to.have.length(0);
  });

  it("checks in C's order: name, negatives, param's size, number of descriptors", () => {
    const nine = new Array(9).fill(3);
    expect(refusal({ name: 'n'.repeat(64), param: 5 }).code).to.equal('E2BIG');
    expect(refusal({ name: 'a', param: 5, fds: 'no' }).code).to.equal('EINVAL');
    expect(refusal({ name: 'a', param: new Uint8Array(257), fds: 'no' }).code).to.equal('EBADF');
    expect(refusal({ name: 'a', param: new Uint8Array(257), fds: nine }).message).to.contain('257 bytes');
    expect(refusal({ name: 'a', fds: new Array(9).fill(-1) }).code).to.equal('E2BIG');
  });

  it('measures and writes text as UTF-8 does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(Buffer.from(check({ name: 'a', param: text })).equals(Buffer.from(`${text}\0`))).to.equal(
          true,
        );
      }),
    );
  });
});

describe('checkTimeout', () => {
  for (const ms of [0.001, 1, 5000, 2 ** 31 - 1]) it(`takes ${ms}`, () => checkTimeout(ms));

  const bad: readonly unknown[] = [
    0,
    -0,
    -1,
    2 ** 31,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    undefined,
    null,
    '5',
    5n,
    {},
  ];
  for (const ms of bad) {
    it(`refuses ${typeof ms} ${String(ms)}`, () => {
      const error = thrown(() => checkTimeout(ms as number));
      expect(error.code).to.equal('EINVAL');
      expect(error.message).to.match(/give milliseconds above 0, up to 2147483647$/);
    });
  }
});

import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  array,
  bool,
  bytes,
  char,
  enumOf,
  f32,
  f64,
  type InitOf,
  i8,
  i16,
  i32,
  i64,
  type StructType,
  struct,
  u8,
  u16,
  u32,
  u64,
  union,
  type ValueOf,
  type ViewOf,
} from '../../protocol/index.js';
import { expectError } from '../support/mp-error.js';

/** Compiles only if both types are the same. */
function sameType<A, B>(
  ..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]
) {}

const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');

const PortStats = struct({ port: u16, packets: u64, load: f64 });
const Queue = struct({ packets: u64, name: char(8) });
const Port = struct({
  stats: struct({ queues: array(Queue, 4), drops: array(u32, 2) }),
  mac: bytes(6),
  duplex: enumOf(u8, { HALF: 0, FULL: 1 }),
  speed: union({ mbps: u32, raw: bytes(3) }),
  up: bool,
});

describe('structs', () => {
  it("have C's alignment and padding", () => {
    expect(PortStats).to.include({ size: 24, align: 8 });
    expect(PortStats.offsets).to.deep.equal({ port: 0, packets: 8, load: 16 });
    expect(hex(PortStats.encode({ port: 1, packets: 2n, load: 1 }))).to.equal(
      ['0100000000000000', '0200000000000000', '000000000000f03f'].join(''),
    );
    const trailing = struct({ a: u32, b: u8 });
    expect(trailing).to.include({ size: 8, align: 4 });
  });

  it('have no padding if they are packed, but a struct within keeps its own', () => {
    const packed = struct({ a: u8, inner: struct({ b: u8, c: u32 }), d: u16 }, { packed: true });
    expect(packed).to.include({ size: 11, align: 1 });
    expect(packed.offsets).to.deep.equal({ a: 0, inner: 1, d: 9 });
    expect(struct({ a: u8, packed })).to.include({ size: 12, align: 1 });
  });

  it('have fields of another alignment, as __rte_cache_aligned gives them', () => {
    const Ring = struct({ size: u32, tail: { ...u32, align: 64 } });
    expect(Ring).to.include({ size: 128, align: 64 });
    expect(Ring.offsets).to.deep.equal({ size: 0, tail: 64 });
  });

  it('round-trip every type', () => {
    const All = struct({ u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, bool });
    const least = {
      u8: 0,
      u16: 0,
      u32: 0,
      u64: 0n,
      i8: -0x80,
      i16: -0x8000,
      i32: -0x8000_0000,
      i64: -(2n ** 63n),
      f32: -1.5,
      f64: Number.MIN_VALUE,
      bool: false,
    };
    const most = {
      u8: 0xff,
      u16: 0xffff,
      u32: 0xffff_ffff,
      u64: 2n ** 64n - 1n,
      i8: 0x7f,
      i16: 0x7fff,
      i32: 0x7fff_ffff,
      i64: 2n ** 63n - 1n,
      f32: Number.POSITIVE_INFINITY,
      f64: Number.NaN,
      bool: true,
    };
    for (const value of [least, most]) expect(All.decode(All.encode(value))).to.deep.equal(value);
    expect(struct({ f32 }).decode(struct({ f32 }).encode({ f32: Number.NaN })).f32).to.be.NaN;
    expect(struct({ bool }).decode(Uint8Array.of(2))).to.deep.equal({ bool: true });
  });

  it('round-trip nested structs, arrays, texts, bytes and names', () => {
    const value = {
      stats: { queues: [{ packets: 1n, name: 'é' }, { packets: 2n }], drops: [3] },
      mac: Uint8Array.of(2, 0, 0),
      duplex: 'FULL',
      speed: { mbps: 0x030201 },
      up: true,
    } as const;
    const none = { packets: 0n, name: '' };
    expect(Port.decode(Port.encode(value))).to.deep.equal({
      stats: { queues: [{ packets: 1n, name: 'é' }, { packets: 2n, name: '' }, none, none], drops: [3, 0] },
      mac: Uint8Array.of(2, 0, 0, 0, 0, 0),
      duplex: 'FULL',
      speed: { mbps: 0x030201, raw: Uint8Array.of(1, 2, 3) },
      up: true,
    });
  });

  it('are 0 in all that is left out', () => {
    expect(hex(PortStats.encode({}))).to.equal('00'.repeat(24));
    expect(hex(PortStats.encode({ port: undefined, packets: 1n }))).to.equal(
      `${'00'.repeat(8)}01${'00'.repeat(15)}`,
    );
    expect(hex(Port.encode({ speed: {} as never }))).to.equal('00'.repeat(Port.size));
  });

  it('are typed by inference', () => {
    interface Value {
      stats: { queues: { packets: bigint; name: string }[]; drops: number[] };
      mac: Uint8Array;
      duplex: 'HALF' | 'FULL' | number;
      speed: { mbps: number; raw: Uint8Array };
      up: boolean;
    }
    const asValue = (value: ValueOf<typeof Port>): Value => value;
    const asDecoded = (value: Value): ReturnType<typeof Port.decode> => value;
    expect(asDecoded(asValue(Port.decode(new Uint8Array(Port.size))))).to.include({ up: false });
    sameType<ValueOf<typeof PortStats>, { port: number; packets: bigint; load: number }>();
    sameType<ViewOf<typeof Queue>, { packets: bigint; name: string }>();
    sameType<
      InitOf<typeof Queue>,
      { readonly packets?: bigint | undefined; readonly name?: string | undefined }
    >();
    // @ts-expect-error there is no such field
    expect(() => PortStats.offsets.prot.toFixed()).to.throw(TypeError);
    // @ts-expect-error 64 bits are a bigint
    expectError('EINVAL', () => PortStats.encode({ packets: 1 }));
    // @ts-expect-error a union has one value
    expectError('EINVAL', () => Port.encode({ speed: { mbps: 1, raw: Uint8Array.of(1) } }));
  });

  it('are written into memory of the caller', () => {
    const out = Buffer.alloc(30, 0xff);
    const written = PortStats.encode({ port: 1 }, out);
    expect(written.buffer).to.equal(out.buffer);
    expect(hex(out)).to.equal(`01${'00'.repeat(23)}${'ff'.repeat(6)}`);
    for (const bad of [new Uint8Array(23), [], null]) {
      expectError('EINVAL', () => PortStats.encode({ port: 1 }, bad as Uint8Array));
    }
  });

  it('are read at any offset, and copied', () => {
    const memory = Buffer.concat([Buffer.alloc(5, 0xff), Queue.encode({ packets: 7n, name: 'rx' })]);
    expect(Queue.decode(memory, 5)).to.deep.equal({ packets: 7n, name: 'rx' });
    const Raw = struct({ raw: bytes(2) });
    const { raw } = Raw.decode(memory);
    memory[0] = 1;
    expect(raw).to.deep.equal(Uint8Array.of(0xff, 0xff));
    expect(Buffer.isBuffer(raw)).to.equal(false);
  });

  it('refuse memory that is too short with EBADMSG, and what is no memory with EINVAL', () => {
    for (const [memory, offset] of [
      [new Uint8Array(15), undefined],
      [new Uint8Array(20), 5],
      [new Uint8Array(20), 2 ** 40],
    ] as const) {
      expect(expectError('EBADMSG', () => Queue.decode(memory, offset)).message).to.contain(
        'instead of 16: check',
      );
      expectError('EBADMSG', () => Queue.view(memory, offset));
    }
    for (const [memory, offset] of [
      ['text', 0],
      [new DataView(new ArrayBuffer(16)), 0],
      [new Uint8Array(20), -1],
      [new Uint8Array(20), 0.5],
    ] as const) {
      expectError('EINVAL', () => Queue.decode(memory as never, offset));
      expectError('EINVAL', () => Queue.view(memory as never, offset));
    }
  });

  it('read names beyond UTF-8 and without a NUL', () => {
    const Name = struct({ name: char(3) });
    expect(Name.decode(Uint8Array.of(0x61, 0x62, 0x63, 0x64))).to.deep.equal({ name: 'abc' });
    expect(Name.decode(Uint8Array.of(0x61, 0xff, 0))).to.deep.equal({ name: 'a\ufffd' });
  });

  it('take views and class instances for values', () => {
    const memory = Queue.encode({ packets: 7n, name: 'rx' });
    expect(hex(Queue.encode(Queue.view(memory)))).to.equal(hex(memory));
    class Counted {
      get packets() {
        return 7n;
      }
      get name() {
        return 'rx';
      }
    }
    expect(hex(Queue.encode(new Counted()))).to.equal(hex(memory));
    const view = Port.view(Port.encode({ stats: { drops: [1, 2] } }));
    expect(hex(struct({ drops: array(u32, 2) }).encode({ drops: view.stats.drops }))).to.equal(
      '0100000002000000',
    );
  });

  it('have fields of any name that is no number', () => {
    const Odd = struct({ ['__proto__']: u8, constructor: u8, toString: u8, 'a b': u8, '': u8 });
    // toString is left out: the one that every object has is none of its fields
    const value = { constructor: 2, 'a b': 4, '': 5, ['__proto__']: 1 };
    expect(hex(Odd.encode(value as InitOf<typeof Odd>))).to.equal('0102000405');
    const decoded = Odd.decode(Uint8Array.of(1, 2, 3, 4, 5));
    expect(Object.entries(decoded).sort()).to.deep.equal([
      ['', 5],
      ['__proto__', 1],
      ['a b', 4],
      ['constructor', 2],
      ['toString', 3],
    ]);
    expect(Object.entries(Odd.offsets)).to.deep.include(['__proto__', 0]);
    const memory = Uint8Array.of(1, 2, 3, 4, 5);
    const view = Odd.view(memory);
    // biome-ignore lint/suspicious/noProto: a field of this name
    expect([view.__proto__, view.constructor, view.toString]).to.deep.equal([1, 2, 3]);
    view.constructor = 9;
    expect(memory[1]).to.equal(9);
    expect(hex(Odd.encode(view))).to.equal('0109030405');
    expect(hex(Odd.encode(Object.assign(Object.create(null), { constructor: 1 })))).to.equal('0001000000');
  });

  it('have a layout, or are refused with EINVAL', () => {
    const BAD: readonly (() => unknown)[] = [
      () => struct({}),
      () => union({}),
      () => struct({ a: u8, 0: u8 }),
      () => union({ 12: u8 }),
      () => char(0),
      () => bytes(1.5),
      () => bytes('2' as never),
      () => array(u8, -1),
      () => array(u8, 2 ** 31),
      () => enumOf(u8, { BIG: 256 }),
      () => enumOf(u64, { SMALL: 1 as never }),
    ];
    for (const declare of BAD) expect(expectError('EINVAL', declare).message).to.match(/: give /);
  });
});

describe('values that a struct refuses', () => {
  const REFUSED: readonly [string, string, () => unknown][] = [
    [
      'EINVAL',
      'The value is null: give an object with port, packets or load',
      () => PortStats.encode(null as never),
    ],
    ['EINVAL', 'The value is 5: give an object', () => PortStats.encode(5 as never)],
    ['EINVAL', 'prot is no field: give port, packets or load', () => PortStats.encode({ prot: 1 } as never)],
    ['EINVAL', 'port is 70000: give a whole number from 0 to 65535', () => PortStats.encode({ port: 70000 })],
    ['EINVAL', 'port is -1: give', () => PortStats.encode({ port: -1 })],
    ['EINVAL', 'port is 0.5: give', () => PortStats.encode({ port: 0.5 })],
    ['EINVAL', 'port is "1": give', () => PortStats.encode({ port: '1' as never })],
    ['EINVAL', 'port is null: give', () => PortStats.encode({ port: null as never })],
    ['EINVAL', 'port is a function: give', () => PortStats.encode({ port: (() => 1) as never })],
    ['EINVAL', 'packets is 1: give a bigint from 0n to', () => PortStats.encode({ packets: 1 as never })],
    ['EINVAL', 'packets is -1n: give', () => PortStats.encode({ packets: -1n })],
    ['EINVAL', 'packets is 18446744073709551616n: give', () => PortStats.encode({ packets: 2n ** 64n })],
    ['EINVAL', 'load is 1n: give a number', () => PortStats.encode({ load: 1n as never })],
    ['EINVAL', 'f is 1e+300: give a number that fits', () => struct({ f: f32 }).encode({ f: 1e300 })],
    ['EINVAL', 'f is "x": give a number that fits', () => struct({ f: f32 }).encode({ f: 'x' as never })],
    ['EINVAL', 'up is 1: give true or false', () => Port.encode({ up: 1 as never })],
    [
      'EINVAL',
      'stats.queues[3].packets is -1n: give',
      () => Port.encode({ stats: { queues: [{}, {}, {}, { packets: -1n }] } }),
    ],
    [
      'EINVAL',
      'stats.queues[1] is 7: give an object with packets or name',
      () => Port.encode({ stats: { queues: [{}, 7 as never] } }),
    ],
    [
      'EINVAL',
      'stats.queues[0].size is no field: give packets or name',
      () => Port.encode({ stats: { queues: [{ size: 1 } as never] } }),
    ],
    [
      'EINVAL',
      'stats.drops has 3 elements: give an array of at most 2',
      () => Port.encode({ stats: { drops: [1, 2, 3] } }),
    ],
    ['EINVAL', 'stats.drops is "12": give an array', () => Port.encode({ stats: { drops: '12' as never } })],
    ['EINVAL', 'stats.drops is null: give an array', () => Port.encode({ stats: { drops: null as never } })],
    [
      'EINVAL',
      'stats.drops is an object: give an array',
      () => Port.encode({ stats: { drops: {} as never } }),
    ],
    [
      'EINVAL',
      'stats.drops[1] is undefined: give',
      () => Port.encode({ stats: { drops: [1, undefined as never] } }),
    ],
    [
      'EINVAL',
      'mac is an object: give a Uint8Array of at most 6 bytes',
      () => Port.encode({ mac: [1] as never }),
    ],
    [
      'E2BIG',
      'mac has 7 bytes: give a Uint8Array of at most 6',
      () => Port.encode({ mac: new Uint8Array(7) }),
    ],
    [
      'EINVAL',
      "duplex is \"half\": give 'HALF' or 'FULL', or a number",
      () => Port.encode({ duplex: 'half' as never }),
    ],
    ['EINVAL', 'duplex is 256: give a whole number', () => Port.encode({ duplex: 256 })],
    [
      'EINVAL',
      'speed has several members: give one of mbps or raw',
      () => Port.encode({ speed: { mbps: 1, raw: new Uint8Array(3) } as never }),
    ],
    ['EINVAL', 'name is 5: give a string of at most 7 bytes', () => Queue.encode({ name: 5 as never })],
    [
      'E2BIG',
      "name '12345678...' is too long: give at most 7 bytes",
      () => Queue.encode({ name: '12345678' }),
    ],
    ['E2BIG', 'is too long: give at most 7 bytes', () => Queue.encode({ name: 'éééé' })],
    ['EINVAL', 'name "a\\u0000" has a NUL', () => Queue.encode({ name: 'a\0' })],
    ['EINVAL', 'name "\\ud800" has a NUL or half a surrogate pair', () => Queue.encode({ name: '\ud800' })],
  ];
  for (const [code, message, encode] of REFUSED) {
    it(message, () => {
      expect(expectError(code, encode).message).to.contain(message);
    });
  }
});

describe('enums', () => {
  it('are decoded to the number itself where it has no name', () => {
    const Link = struct({ duplex: enumOf(u8, { HALF: 0, FULL: 1 }) });
    expect(Link.decode(Uint8Array.of(1))).to.deep.equal({ duplex: 'FULL' });
    expect(Link.decode(Uint8Array.of(7))).to.deep.equal({ duplex: 7 });
    expect(Link.encode({ duplex: 7 })).to.deep.equal(Uint8Array.of(7));
  });

  it('are decoded to the first of two names, and may be negative or of 64 bits', () => {
    const Alias = struct({
      a: enumOf(i32, { FIRST: -1, SECOND: -1 }),
      b: enumOf(u64, { MOST: 2n ** 64n - 1n }),
    });
    const bytes = Alias.encode({ a: 'SECOND', b: 'MOST' });
    expect(hex(bytes)).to.equal('ffffffff00000000ffffffffffffffff');
    expect(Alias.decode(bytes)).to.deep.equal({ a: 'FIRST', b: 'MOST' });
  });
});

describe('unions', () => {
  it('are as large and as aligned as their members need', () => {
    const Any = union({ long: u64, bytes: bytes(9) });
    expect(Any).to.include({ size: 16, align: 8 });
    expect(Any.offsets).to.deep.equal({ long: 0, bytes: 0 });
    expect(hex(Any.encode({ long: 1n }))).to.equal(`01${'00'.repeat(15)}`);
    expect(Any.decode(Any.encode({ long: 1n })).bytes[0]).to.equal(1);
  });
});

describe('views of structs', () => {
  it('read and write the memory itself, aligned or not', () => {
    for (const offset of [0, 8, 3]) {
      const memory = new Uint8Array(Port.size + 16).fill(0xee);
      memory.set(Port.encode({}), offset);
      const view = Port.view(memory, offset);
      const { stats } = view;
      const queue = stats.queues[3]!;
      queue.packets += 5n;
      queue.name = 'rx';
      stats.drops[1] = 9;
      view.mac.set([1, 2], 4);
      view.duplex = 'FULL';
      view.speed.mbps = 0x030201;
      view.up = true;
      const value = Port.decode(memory, offset);
      expect(value.stats.queues[3]).to.deep.equal({ packets: 5n, name: 'rx' });
      expect(value.stats.drops).to.deep.equal([0, 9]);
      expect([...value.mac, value.duplex, value.up]).to.deep.equal([0, 0, 0, 0, 1, 2, 'FULL', true]);
      expect([...view.speed.raw]).to.deep.equal([1, 2, 3]);
      memory[offset + Port.offsets.up] = 0;
      expect(view.up).to.equal(false);
      expect(memory.subarray(0, offset).every((byte) => byte === 0xee)).to.equal(true);
      expect(memory.subarray(offset + Port.size).every((byte) => byte === 0xee)).to.equal(true);
    }
  });

  it('of unions have accessors for all members', () => {
    const memory = new Uint8Array(8);
    const view = union({ long: u64, halves: array(u32, 2) }).view(memory);
    view.halves[1] = 1;
    expect(view.long).to.equal(2n ** 32n);
  });

  it('replace a nested value as a whole', () => {
    const memory = new Uint8Array(Port.size).fill(0xff);
    const view = Port.view(memory);
    view.stats.queues[1] = { packets: 1n, name: 'a' };
    view.stats.drops = [7, 8];
    view.mac = Uint8Array.of(1);
    expect({ ...Port.decode(memory).stats.queues[1] }).to.deep.equal({ packets: 1n, name: 'a' });
    expect(hex(memory.subarray(Port.offsets.mac, Port.offsets.mac + 6))).to.equal('010000000000');
    expect([...view.stats.drops]).to.deep.equal([7, 8]);
    view.stats.queues[0] = view.stats.queues[1]!;
    expect(view.stats.queues[0]!.name).to.equal('a');
  });

  it('refuse what does not fit, and change nothing', () => {
    const memory = Port.encode({ stats: { queues: [{ packets: 1n }] }, mac: Uint8Array.of(9) });
    const before = hex(memory);
    const view = Port.view(memory);
    const SET: readonly [string, string, () => void][] = [
      [
        'EINVAL',
        'stats.queues[2].packets is -1n: give',
        () => {
          view.stats.queues[2]!.packets = -1n;
        },
      ],
      [
        'EINVAL',
        'duplex is 300: give',
        () => {
          view.duplex = 300;
        },
      ],
      [
        'E2BIG',
        "stats.queues[0].name '12345678...' is too long",
        () => {
          view.stats.queues[0] = { packets: 2n, name: '12345678' };
        },
      ],
      [
        'EINVAL',
        'stats.drops[1] is 0.5: give',
        () => {
          view.stats.drops = [1, 0.5];
        },
      ],
      [
        'EINVAL',
        'stats.drops[0] is undefined: give',
        () => {
          view.stats.drops[0] = undefined as never;
        },
      ],
      [
        'E2BIG',
        'mac has 9 bytes: give',
        () => {
          view.mac = new Uint8Array(9);
        },
      ],
    ];
    for (const [code, message, set] of SET) expect(expectError(code, set).message).to.contain(message);
    expect(hex(memory)).to.equal(before);
  });

  it('have no other properties', () => {
    const view = Port.view(new Uint8Array(Port.size));
    expect(() => {
      (view as { prot?: number }).prot = 1;
    }).to.throw(TypeError);
    expect(() => {
      view.stats.drops[2] = 1;
    }).to.throw(TypeError);
    expect(view.stats.drops[2]).to.equal(undefined);
    expect('constructor' in view).to.equal(false);
  });

  it('of arrays have a length and are iterated', () => {
    const view = struct({ drops: array(u32, 3) }).view(Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0));
    expect(view.drops.length).to.equal(3);
    expect([...view.drops]).to.deep.equal([1, 2, 3]);
    expect(Array.from(view.drops, (drop) => drop * 2)).to.deep.equal([2, 4, 6]);
  });

  it('are printed with their values', () => {
    const view = struct({ drops: array(u8, 2), up: bool }).view(Uint8Array.of(1, 2, 1));
    expect(inspect(view)).to.equal('{ drops: [ 1, 2 ], up: true }');
    expect(inspect(view.drops)).to.equal('[ 1, 2 ]');
  });

  it('show what others write into the memory', () => {
    const memory = new Uint8Array(8);
    const view = struct({ count: u64 }).view(memory);
    memory[7] = 0x80;
    expect(view.count).to.equal(2n ** 63n);
  });
});

describe("a program's own types", () => {
  it('are fields like the others', () => {
    const mac: StructType<string> = {
      size: 6,
      align: 1,
      read: (memory, at) => Buffer.from(memory.bytes.subarray(at, at + 6)).toString('hex'),
      write(memory, at, value) {
        const octets = Buffer.from(value, 'hex');
        if (octets.length !== 6)
          return { code: 'EINVAL', path: '', problem: `is '${value}'`, hint: 'give 12 digits' };
        memory.bytes.set(octets, at);
        return undefined;
      },
    };
    const Entry = struct({ port: u16, mac });
    expect(Entry.decode(Entry.encode({ port: 1, mac: '0200000000ff' }))).to.deep.equal({
      port: 1,
      mac: '0200000000ff',
    });
    expect(expectError('EINVAL', () => Entry.encode({ mac: '02' })).message).to.equal(
      "mac is '02': give 12 digits",
    );
    const view = Entry.view(new Uint8Array(8));
    view.mac = '010203040506';
    expect(view.mac).to.equal('010203040506');
  });
});

// Layouts and values of random structs, as the C compiler has them: one C program for all of them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  array,
  bytes,
  char,
  enumOf,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  type Layout,
  type StructType,
  struct,
  u8,
  u16,
  u32,
  u64,
  union,
} from '../../protocol/index.js';
import { needsCompiler } from '../support/dpdk/needs-dpdk.js';

const COUNT = 200;

type Integer = 'u8' | 'u16' | 'u32' | 'u64' | 'i8' | 'i16' | 'i32' | 'i64';
const INTEGERS: Readonly<Record<Integer, readonly [StructType<number> | StructType<bigint>, string]>> = {
  u8: [u8, 'uint8_t'],
  u16: [u16, 'uint16_t'],
  u32: [u32, 'uint32_t'],
  u64: [u64, 'uint64_t'],
  i8: [i8, 'int8_t'],
  i16: [i16, 'int16_t'],
  i32: [i32, 'int32_t'],
  i64: [i64, 'int64_t'],
};

/** A C type with a value of its own: of a union, the value of its member `chosen`. */
type Model =
  | { readonly kind: 'integer'; readonly of: Integer; readonly value: number | bigint }
  | { readonly kind: 'f32' | 'f64'; readonly value: number }
  | { readonly kind: 'char'; readonly size: number; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'enum'; readonly numbers: readonly number[] }
  | { readonly kind: 'array'; readonly items: readonly Model[] }
  | { readonly kind: 'struct'; readonly fields: readonly Model[]; readonly packed: boolean }
  | { readonly kind: 'union'; readonly fields: readonly Model[]; readonly chosen: number };

const integer = fc.constantFrom(...(Object.keys(INTEGERS) as Integer[])).chain((of) => {
  const bits = Number(of.slice(1));
  const bounds = of.startsWith('i')
    ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
    : [0n, 2n ** BigInt(bits) - 1n];
  return fc
    .oneof(fc.constantFrom(...bounds), fc.bigInt({ min: bounds[0] as bigint, max: bounds[1] as bigint }))
    .map((value): Model => ({ kind: 'integer', of, value: bits === 64 ? value : Number(value) }));
});

const leaf: fc.Arbitrary<Model> = fc.oneof(
  { weight: 6, arbitrary: integer },
  fc.float({ noNaN: true }).map((value): Model => ({ kind: 'f32', value })),
  fc.double({ noNaN: true }).map((value): Model => ({ kind: 'f64', value })),
  fc
    .tuple(fc.string({ unit: 'grapheme', maxLength: 5 }), fc.integer({ min: 1, max: 4 }))
    .map(([text, room]): Model => {
      const value = text.replaceAll('\0', '');
      return { kind: 'char', size: Buffer.byteLength(value) + room, value };
    }),
  fc.uint8Array({ minLength: 1, maxLength: 9 }).map((value): Model => ({ kind: 'bytes', value })),
  fc
    .oneof(
      fc.uniqueArray(fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }), { minLength: 1, maxLength: 4 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 4 }),
    )
    .map((numbers): Model => ({ kind: 'enum', numbers })),
);

/** All elements have one value: enough to see where each is. */
function arrayOf(item: Model, length: number): Model {
  return { kind: 'array', items: new Array<Model>(length).fill(item) };
}

const { model } = fc.letrec<{ model: Model; fields: Model[] }>((tie) => ({
  fields: fc.array(tie('model'), { minLength: 1, maxLength: 5 }),
  model: fc.oneof(
    { depthSize: 'small', withCrossShrink: false },
    { weight: 6, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc.tuple(tie('model'), fc.integer({ min: 1, max: 3 })).map(([item, n]) => arrayOf(item, n)),
    },
    { weight: 2, arbitrary: structOf(tie('fields')) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('fields'), fc.nat())
        .map(([fields, n]): Model => ({ kind: 'union', fields, chosen: n % fields.length })),
    },
  ),
}));

function structOf(fields: fc.Arbitrary<Model[]>): fc.Arbitrary<Model> {
  return fc
    .tuple(fields, fc.boolean())
    .map(([members, packed]): Model => ({ kind: 'struct', fields: members, packed }));
}

const topLevel = structOf(fc.array(model, { minLength: 1, maxLength: 8 }));

function named<T>(fields: readonly Model[], map: (field: Model) => T): Record<string, T> {
  return Object.fromEntries(fields.map((field, i) => [`f${i}`, map(field)]));
}

/** A negative value makes C's `enum` an int, which is an unsigned int else. */
function enumType(numbers: readonly number[]): StructType<number> {
  return numbers.some((number) => number < 0) ? i32 : u32;
}

type AnyLayout = Layout<object, never, object, string>;

function typeOf(model: Model): StructType<unknown, never> {
  switch (model.kind) {
    case 'integer':
      return INTEGERS[model.of][0];
    case 'f32':
      return f32;
    case 'f64':
      return f64;
    case 'char':
      return char(model.size);
    case 'bytes':
      return bytes(model.value.length);
    case 'enum':
      return enumOf(enumType(model.numbers), Object.fromEntries(model.numbers.map((n, i) => [`E${i}`, n])));
    case 'array':
      return array(typeOf(model.items[0] as Model), model.items.length);
    case 'struct':
      return struct(named(model.fields, typeOf), { packed: model.packed });
    case 'union':
      return union(named(model.fields, typeOf));
  }
}

/** What encoding is given. */
function initOf(model: Model): unknown {
  switch (model.kind) {
    case 'enum':
      return 'E0';
    case 'array':
      return model.items.map(initOf);
    case 'struct':
      return named(model.fields, initOf);
    case 'union':
      return { [`f${model.chosen}`]: initOf(model.fields[model.chosen] as Model) };
    default:
      return model.value;
  }
}

let enums = 0;

/** The declaration of `name` in C. */
function declaration(model: Model, name: string): string {
  switch (model.kind) {
    case 'integer':
      return `${INTEGERS[model.of][1]} ${name}`;
    case 'f32':
      return `float ${name}`;
    case 'f64':
      return `double ${name}`;
    case 'char':
      return `char ${name}[${model.size}]`;
    case 'bytes':
      return `uint8_t ${name}[${model.value.length}]`;
    case 'enum': {
      const prefix = `E${enums++}`;
      return `enum { ${model.numbers.map((n, i) => `${prefix}_${i} = ${n}`).join(', ')} } ${name}`;
    }
    case 'array':
      return declaration(model.items[0] as Model, `${name}[${model.items.length}]`);
    default: {
      const members = model.fields.map((field, i) => `${declaration(field, `f${i}`)};`).join(' ');
      const packed = model.kind === 'struct' && model.packed ? '__attribute__((packed)) ' : '';
      return `${model.kind} { ${members} } ${packed}${name}`;
    }
  }
}

/** A value that has no parts: its way in C, and the keys to it in JavaScript. */
interface Leaf {
  readonly c: string;
  readonly keys: readonly (string | number)[];
  readonly model: Exclude<Model, { kind: 'array' | 'struct' | 'union' }>;
}

function* leavesOf(model: Model, c: string, keys: Leaf['keys']): Generator<Leaf> {
  if (model.kind === 'array') {
    for (const [i, item] of model.items.entries()) yield* leavesOf(item, `${c}[${i}]`, [...keys, i]);
  } else if (model.kind === 'struct' || model.kind === 'union') {
    for (const [i, field] of model.fields.entries()) {
      if (model.kind === 'union' && i !== model.chosen) continue;
      yield* leavesOf(field, `${c}.f${i}`, [...keys, `f${i}`]);
    }
  } else yield { c, keys, model };
}

/** Where each field is, those of all members of unions and of the last element of arrays too: in C and here. */
function* offsetsOf(model: Model, type: unknown, c: string, at: number): Generator<[string, number]> {
  if (model.kind === 'array') {
    const last = model.items.length - 1;
    const item = model.items[last] as Model;
    const itemType = typeOf(item);
    yield* offsetsOf(item, itemType, `${c}[${last}]`, at + last * itemType.size);
  } else if (model.kind === 'struct' || model.kind === 'union') {
    const { offsets } = type as AnyLayout;
    for (const [i, field] of model.fields.entries()) {
      const path = c === '' ? `f${i}` : `${c}.f${i}`;
      const offset = at + (offsets[`f${i}`] as number);
      yield [path, offset];
      yield* offsetsOf(field, typeOf(field), path, offset);
    }
  }
}

function cBytes(values: Uint8Array): string {
  return `(const uint8_t[]){ ${[...values, 0].join(', ')} }`;
}

/** The bytes of a leaf's value, which C copies into it or compares it with; numbers are written as numbers. */
function cStatements({ c, model }: Leaf, struct: number): { set: string; check: string } {
  const bad = `printf("bad ${struct} ${c}\\n")`;
  const number = (value: string) => ({ set: `${c} = ${value};`, check: `if (${c} != ${value}) ${bad};` });
  const memory = (values: Uint8Array, length = values.length) => ({
    set: `memcpy(&${c}, ${cBytes(values)}, ${length});`,
    check: `if (memcmp(&${c}, ${cBytes(values)}, ${length}) != 0) ${bad};`,
  });
  switch (model.kind) {
    case 'integer': {
      const hex = BigInt.asUintN(64, BigInt(model.value)).toString(16);
      return number(`(${INTEGERS[model.of][1]})0x${hex}ULL`);
    }
    case 'enum':
      return number(`${enumType(model.numbers) === i32 ? '(int)' : '(unsigned)'}${model.numbers[0]}LL`);
    case 'f32':
      return memory(new Uint8Array(Float32Array.of(model.value).buffer));
    case 'f64':
      return memory(new Uint8Array(Float64Array.of(model.value).buffer));
    case 'char': {
      const utf8 = Buffer.from(model.value);
      return memory(utf8, utf8.length + 1); // with its NUL
    }
    case 'bytes':
      return memory(model.value);
  }
}

function program(models: readonly Model[], encoded: readonly Uint8Array[]): string {
  const functions = models.map((model, i) => {
    const layout = typeOf(model);
    const leaves = [...leavesOf(model, 'v', [])].map((leaf) => cStatements(leaf, i));
    const offsets = [...offsetsOf(model, layout, '', 0)].map(
      ([path]) => `printf("offset ${i} ${path} %zu\\n", offsetof(T${i}, ${path}));`,
    );
    return `
typedef ${declaration(model, `T${i}`)};
static void test${i}(void) {
  T${i} v;
  printf("type ${i} %zu %zu\\n", sizeof(v), _Alignof(T${i}));
  ${offsets.join('\n  ')}
  memset(&v, 0, sizeof(v));
  ${leaves.map(({ set }) => set).join('\n  ')}
  dump(${i}, &v, sizeof(v));
  memcpy(&v, ${cBytes(encoded[i] as Uint8Array)}, sizeof(v));
  ${leaves.map(({ check }) => check).join('\n  ')}
}`;
  });
  return `
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static void dump(int i, const void *p, size_t size) {
  printf("bytes %d ", i);
  for (size_t n = 0; n < size; n++) printf("%02x", ((const uint8_t *)p)[n]);
  printf("\\n");
}
${functions.join('\n')}
int main(void) {
  ${models.map((_, i) => `test${i}();`).join(' ')}
  return 0;
}`;
}

/** What the program prints, in lines. */
function run(compiler: string, source: string): readonly string[] {
  const dir = mkdtempSync(join(tmpdir(), 'dpdk-ipc-struct-'));
  try {
    writeFileSync(join(dir, 'structs.c'), source);
    execFileSync(compiler, ['-std=gnu11', '-w', '-O0', '-o', join(dir, 'structs'), join(dir, 'structs.c')]);
    const output = execFileSync(join(dir, 'structs'), { encoding: 'utf8', maxBuffer: 2 ** 26 });
    return output.trimEnd().split('\n');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

type Tree = Record<string | number, unknown>;

function follow(value: unknown, keys: Leaf['keys']): unknown {
  return keys.reduce((part, key) => (part as Tree)[key], value);
}

describe('structs, compared with the C compiler', function () {
  this.timeout(120_000);
  const seed = Date.now() % 2 ** 31;
  const models = fc.sample(topLevel, { numRuns: COUNT, seed });
  const layouts = models.map((model) => typeOf(model) as AnyLayout);
  let lines: readonly string[];
  let encoded: readonly Uint8Array[];

  before('compile', function () {
    const compiler = needsCompiler(this);
    encoded = models.map((model, i) => (layouts[i] as AnyLayout).encode(initOf(model) as never));
    lines = run(compiler, program(models, encoded));
  });

  /** What C says about each struct, by the first word of its lines. */
  const said = (what: string) => lines.filter((line) => line.startsWith(`${what} `));

  it(`have the same size and alignment (seed ${seed})`, () => {
    const ours = layouts.map(({ size, align }, i) => `type ${i} ${size} ${align}`);
    expect(said('type')).to.deep.equal(ours);
  });

  it('have the same offsets', () => {
    const ours = models.flatMap((model, i) =>
      [...offsetsOf(model, layouts[i], '', 0)].map(([path, offset]) => `offset ${i} ${path} ${offset}`),
    );
    expect(ours).to.have.length.above(COUNT);
    expect(said('offset')).to.deep.equal(ours);
  });

  it('are written to the same bytes', () => {
    const ours = encoded.map((bytes, i) => `bytes ${i} ${Buffer.from(bytes).toString('hex')}`);
    expect(said('bytes')).to.deep.equal(ours);
  });

  it('are read by C as they were written here', () => {
    expect(said('bad')).to.deep.equal([]);
  });

  it('are read here as C wrote them, at any offset', () => {
    for (const [i, line] of said('bytes').entries()) {
      const memory = Buffer.concat([Buffer.alloc(3, 0xff), Buffer.from(line.split(' ')[2] ?? '', 'hex')]);
      const layout = layouts[i] as AnyLayout;
      const [decoded, view] = [layout.decode(memory, 3), layout.view(memory, 3)];
      for (const { keys, model, c } of leavesOf(models[i] as Model, 'v', [])) {
        expect(follow(decoded, keys), `${c} of struct ${i}`).to.deep.equal(initOf(model));
        expect(follow(view, keys), `${c} in the view of struct ${i}`).to.deep.equal(initOf(model));
      }
    }
  });

  it('are written through views to the same bytes', () => {
    for (const [i, layout] of layouts.entries()) {
      const memory = new Uint8Array(layout.size + 6);
      const view = layout.view(memory, 3);
      for (const { keys, model } of leavesOf(models[i] as Model, 'v', [])) {
        const parent = follow(view, keys.slice(0, -1)) as Tree;
        parent[keys.at(-1) as string] = initOf(model);
      }
      const expected = Buffer.concat([Buffer.alloc(3), encoded[i] as Uint8Array, Buffer.alloc(3)]);
      expect(Buffer.from(memory).toString('hex'), `struct ${i}`).to.equal(expected.toString('hex'));
    }
  });
});

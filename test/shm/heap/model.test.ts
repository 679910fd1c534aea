// Random sequences of reservations, allocations and frees, compared with a model.
import { expect } from 'chai';
import fc from 'fast-check';
import { MpError } from '../../../protocol/errors.js';
import { Heap } from '../../../shm/heap/heap.js';
import { Memzones } from '../../../shm/heap/memzones.js';
import { checkHeap } from './support/check-heap.js';
import { type HeapImage, heapImage, type ImageOptions } from './support/heap-image.js';

const KB = 1024;
const MB = KB * KB;

type Operation =
  | { readonly kind: 'reserve'; readonly name: number; readonly len: number; readonly options: ZoneOptions }
  | { readonly kind: 'allocate'; readonly size: number; readonly align: number; readonly socketId: number }
  | { readonly kind: 'free'; readonly which: number };

interface ZoneOptions {
  readonly align: number;
  readonly bound: number;
  readonly flags: number;
  readonly socketId: number;
}

const power = (min: number, max: number) => fc.integer({ min, max }).map((n) => 2 ** n);
const sizes = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 2 * KB }), weight: 6 },
  { arbitrary: fc.integer({ min: 1, max: 300 * KB }), weight: 3 },
  { arbitrary: fc.integer({ min: 1, max: 5 * MB }), weight: 1 },
);
const sockets = fc.constantFrom(-1, 0, 1);
const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('reserve' as const),
    name: fc.integer({ min: 0, max: 60 }),
    len: fc.oneof({ arbitrary: sizes, weight: 19 }, { arbitrary: fc.constant(0), weight: 1 }),
    options: fc.record({
      align: fc.oneof(fc.constant(64), power(0, 18)),
      bound: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: power(12, 21), weight: 1 }),
      flags: fc.constantFrom(0, 0, 0x100000, 0x1, 0x10000, 0x10004, 0x5, 0x4, 0x2),
      socketId: sockets,
    }),
  }),
  fc.record({
    kind: fc.constant('allocate' as const),
    size: sizes,
    align: power(0, 16),
    socketId: sockets,
  }),
  { arbitrary: fc.record({ kind: fc.constant('free' as const), which: fc.nat() }), weight: 2 },
);

/** The blocks in use, as the user knows them. */
class Model {
  readonly #image: HeapImage;
  readonly #heap: Heap;
  readonly #zones: Memzones;
  readonly #line: number;
  readonly #blocks: { addr: number; len: number; name?: string; mark: number }[] = [];

  constructor(image: HeapImage) {
    this.#image = image;
    this.#heap = new Heap(image.space);
    this.#zones = new Memzones(image.space);
    this.#line = image.layout.cacheLine;
  }

  run(operation: Operation): void {
    if (operation.kind === 'reserve') this.#reserve(operation);
    else if (operation.kind === 'allocate') this.#allocate(operation);
    else if (this.#blocks.length > 0) this.#free(operation.which % this.#blocks.length);
  }

  freeAll(): void {
    while (this.#blocks.length > 0) this.#free(0);
  }

  #reserve({ name: number, len, options }: Operation & { kind: 'reserve' }): void {
    const name = `ZONE_${number}`;
    const code = this.#codeOf(() => {
      const {
        addr,
        len: found,
        socketId,
        hugepageSize,
        iova,
      } = this.#zones.read(this.#zones.reserve(name, len, options));
      expect(addr % Math.max(64, options.align)).to.equal(0);
      expect(found % 64).to.equal(0);
      if (len > 0) expect(found).to.equal(Math.ceil(len / this.#line) * this.#line);
      else if (options.bound > 0) expect(found).to.equal(options.bound);
      if (options.bound > 0) {
        expect(Math.floor(addr / options.bound)).to.equal(Math.floor((addr + found - 1) / options.bound));
      }
      if (options.socketId >= 0) expect(socketId).to.equal(options.socketId);
      if ((options.flags & 5) === 1) expect(hugepageSize).to.equal(2 * MB);
      if ((options.flags & 0x10004) === 0x10000) expect(hugepageSize).to.equal(MB / 4);
      const page = this.#image.lists.find(
        (list) => list.base <= addr && addr < list.base + list.len * list.pageSize,
      );
      expect([hugepageSize, socketId]).to.deep.equal([page?.pageSize, page?.socketId]);
      expect(iova).to.equal(BigInt(addr));
      this.#add(addr, found, name);
    });
    const exists = this.#blocks.filter((block) => block.name === name).length > 0;
    if (code === 'EEXIST') expect(exists).to.equal(true);
    else if (code === 'EINVAL')
      expect(Math.ceil(len / this.#line) * this.#line > options.bound && options.bound > 0).to.equal(true);
    else if (code !== 'ENOMEM') expect(code).to.equal(undefined);
  }

  #allocate({ size, align, socketId }: Operation & { kind: 'allocate' }): void {
    const addr = this.#heap.allocate(size, { align, socketId });
    if (addr === undefined) return;
    expect(addr % Math.max(64, align)).to.equal(0);
    this.#add(addr, size);
  }

  /** Fills the block, so that any other write into it is noticed. */
  #add(addr: number, len: number, name?: string): void {
    const mark = ((addr / 64) % 255) + 1;
    for (const other of this.#blocks) {
      expect(addr + len <= other.addr || other.addr + other.len <= addr, 'blocks overlap').to.equal(true);
    }
    this.#bytes(addr, len).fill(mark);
    this.#blocks.push({ addr, len, mark, ...(name === undefined ? {} : { name }) });
  }

  #free(index: number): void {
    const [block] = this.#blocks.splice(index, 1);
    if (block === undefined) return;
    expect(Buffer.alloc(block.len, block.mark).equals(this.#bytes(block.addr, block.len))).to.equal(true);
    if (block.name === undefined) this.#heap.release(block.addr);
    else this.#zones.free(block.name);
    expect(this.#codeOf(() => this.#heap.release(block.addr))).to.be.oneOf(['EINVAL', 'EFAULT', 'ELAYOUT']);
  }

  #bytes(addr: number, len: number): Uint8Array {
    const { buffer, byteOffset } = this.#image.space.view(addr, len);
    return new Uint8Array(buffer, byteOffset, len);
  }

  #codeOf(action: () => void): string | undefined {
    try {
      action();
      return undefined;
    } catch (error) {
      if (error instanceof MpError) return error.code;
      throw error;
    }
  }
}

function runs(options: ImageOptions, numRuns: number): void {
  fc.assert(
    fc.property(fc.array(operations, { maxLength: 60, size: 'max' }), (sequence) => {
      const image = heapImage(options);
      const start = new Heap(image.space).stats();
      const model = new Model(image);
      for (const operation of sequence) {
        model.run(operation);
        expect(checkHeap(image.space)).to.deep.equal([]);
      }
      model.freeAll();
      expect(checkHeap(image.space)).to.deep.equal([]);
      if (image.space.pages !== undefined) expect(new Heap(image.space).stats()).to.deep.equal(start);
    }),
    { numRuns },
  );
}

describe('shm heap: any sequence of operations', function () {
  this.timeout(120_000);

  it('keeps a heap whole that grows and shrinks', () => runs({}, 40));
  it('keeps a heap whole as 22.11 has it', () => runs({ versionWord: 0x160b0b63 }, 20));
  it('keeps a heap whole with cache lines of 128 bytes', () => runs({ cacheLine: 128 }, 10));
  it('keeps a heap whole that can grow no more', () => runs({ grows: false, startPages: [8, 4, 1] }, 10));
  it('keeps a heap whole with --legacy-mem', () => runs({ legacy: true, startPages: [8, 4, 1] }, 10));
  it('keeps a heap whole whose secondaries never follow', () => runs({ sync: () => false }, 10));
});

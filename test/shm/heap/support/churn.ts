// Random reservations, allocations and frees, as churn of heap.c: each block is filled, and checked when it is freed.

import { MpError } from '../../../../protocol/errors.js';
import { Heap } from '../../../../shm/heap/heap.js';
import type { HeapSpace } from '../../../../shm/heap/heap-space.js';
import { Memzones } from '../../../../shm/heap/memzones.js';

interface Block {
  readonly addr: number;
  readonly len: number;
  readonly mark: number;
  readonly zone: string | undefined;
}

export class Churn {
  /** How many blocks did not have the bytes any more that were written into them. */
  bad = 0;
  taken = 0;
  failed = 0;
  readonly #space: HeapSpace;
  readonly #heap: Heap;
  readonly #zones: Memzones;
  readonly #slots: (Block | undefined)[];
  readonly #next: () => number;

  constructor(space: HeapSpace, slots: number, seed: number) {
    this.#space = space;
    this.#heap = new Heap(space);
    this.#zones = new Memzones(space);
    this.#slots = new Array<undefined>(slots).fill(undefined);
    this.#next = randomNumbers(seed);
  }

  /** Takes a block, or frees one. */
  step(): void {
    const slot = this.#next() % this.#slots.length;
    const block = this.#slots[slot];
    if (block === undefined) this.#slots[slot] = this.#take(`NODE_${slot}`);
    else this.#free(slot, block);
  }

  freeAll(): void {
    this.#slots.forEach((block, slot) => {
      if (block !== undefined) this.#free(slot, block);
    });
  }

  #take(name: string): Block | undefined {
    const align = 2 ** (this.#next() % 13);
    const size = this.#size();
    this.taken++;
    const block = this.#next() % 2 === 0 ? this.#allocate(size, align) : this.#reserve(name, size, align);
    if (block === undefined) this.failed++;
    else this.#bytes(block).fill(block.mark);
    return block;
  }

  #allocate(len: number, align: number): Block | undefined {
    const addr = this.#heap.allocate(len, { align });
    return addr === undefined ? undefined : { addr, len, mark: this.#mark(), zone: undefined };
  }

  #reserve(zone: string, size: number, align: number): Block | undefined {
    try {
      const { addr, len } = this.#zones.read(this.#zones.reserve(zone, size, { align }));
      return { addr, len, mark: this.#mark(), zone };
    } catch (error) {
      if (error instanceof MpError && error.code === 'ENOMEM') return undefined;
      throw error;
    }
  }

  #free(slot: number, block: Block): void {
    const { addr, len, mark, zone } = block;
    if (!Buffer.alloc(len, mark).equals(this.#bytes(block))) this.bad++;
    if (zone === undefined) this.#heap.release(addr);
    else this.#zones.free({ name: zone, addr });
    this.#slots[slot] = undefined;
  }

  #bytes({ addr, len }: Block): Uint8Array {
    const { buffer, byteOffset } = this.#space.view(addr, len);
    return new Uint8Array(buffer, byteOffset, len);
  }

  #size(): number {
    const kind = this.#next() % 16;
    if (kind < 10) return 1 + (this.#next() % 2000);
    return 1 + (this.#next() % (kind < 15 ? 100_000 : 1_500_000));
  }

  #mark(): number {
    return 1 + (this.#next() % 255);
  }
}

/** xorshift: the same numbers for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

import { FREE_LISTS } from './heap-space.js';
import { readPointer, type SharedWords, writePointer } from './shared-words.js';

// offsets in struct malloc_heap (malloc_heap.h)
const FREE_HEADS = 8;
const FIRST = 112;
const LAST = 120;
const ALLOC_COUNT = 128;
const SOCKET_ID = 132;
const TOTAL_SIZE = 136;
const NAME = 144;
const NAME_SIZE = 32; // RTE_HEAP_NAME_MAX_LEN
const POINTER = 8;

/** One `struct malloc_heap` of `rte_mem_config`; its lock is the word at its beginning. */
export class HeapRecord {
  readonly index: number;
  /** Its address in C processes. */
  readonly addr: number;
  readonly #fields: DataView;

  constructor(words: SharedWords, index: number) {
    const { layout, configAddress } = words.space;
    this.index = index;
    this.addr = configAddress + layout.offsets.mallocHeaps + index * layout.mallocHeapSize;
    this.#fields = words.view(this.addr, layout.mallocHeapSize);
  }

  /** The address of the head of free list `list`. */
  headAddr(list: number): number {
    return this.addr + FREE_HEADS + list * POINTER;
  }

  /** The first element of free list `list`; 0 for none. */
  head(list: number): number {
    return list < FREE_LISTS ? readPointer(this.#fields, FREE_HEADS + list * POINTER) : 0;
  }

  setHead(list: number, addr: number): void {
    writePointer(this.#fields, FREE_HEADS + list * POINTER, addr);
  }

  get first(): number {
    return readPointer(this.#fields, FIRST);
  }

  set first(addr: number) {
    writePointer(this.#fields, FIRST, addr);
  }

  get last(): number {
    return readPointer(this.#fields, LAST);
  }

  set last(addr: number) {
    writePointer(this.#fields, LAST, addr);
  }

  get allocCount(): number {
    return this.#fields.getUint32(ALLOC_COUNT, true);
  }

  set allocCount(count: number) {
    this.#fields.setUint32(ALLOC_COUNT, count, true);
  }

  get socketId(): number {
    return this.#fields.getUint32(SOCKET_ID, true);
  }

  set socketId(id: number) {
    this.#fields.setUint32(SOCKET_ID, id, true);
  }

  get totalSize(): number {
    return readPointer(this.#fields, TOTAL_SIZE);
  }

  set totalSize(bytes: number) {
    writePointer(this.#fields, TOTAL_SIZE, bytes);
  }

  /** Empty for a heap that isn't in use. */
  get name(): string {
    const bytes = Buffer.from(this.#fields.buffer, this.#fields.byteOffset + NAME, NAME_SIZE);
    const end = bytes.indexOf(0);
    return bytes.toString('latin1', 0, end < 0 ? NAME_SIZE : end);
  }

  set name(name: string) {
    const bytes = Buffer.from(this.#fields.buffer, this.#fields.byteOffset + NAME, NAME_SIZE);
    bytes.fill(0);
    bytes.write(name, 0, NAME_SIZE - 1, 'latin1');
  }
}

// What this process holds: memory in use, apart from what V8 and the allocator keep for later.
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { collectUntil } from '../../support/gc.js';
import { type Holdings, holdings } from '../../support/long-run.js';

export interface Measures extends Holdings {
  /** Bytes of JavaScript objects. */
  readonly heapBytes: number;
  /** Bytes of ArrayBuffers. */
  readonly bufferBytes: number;
  /** Bytes that `malloc` has given to V8, Node and koffi; 0 where libc doesn't tell (musl). */
  readonly mallocBytes: number;
  /** Shared mappings: the primary's `config` and its hugepages. */
  readonly sharedMappings: number;
  /** All mappings, those of V8's heap included. */
  readonly mappings: number;
}

/** One collection may free what the next can collect: mappings go after the arrays over them. */
const COLLECTIONS = 4;

/** Measures after garbage collection. */
export async function measure(): Promise<Measures> {
  let collected = 0;
  await collectUntil(() => ++collected > COLLECTIONS);
  const held = await holdings();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const maps = readFileSync('/proc/self/maps', 'utf8').trimEnd().split('\n');
  return {
    ...held,
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
    mallocBytes: mallocBytes(),
    sharedMappings: maps.filter((line) => /^\S+ ...s /.test(line)).length,
    mappings: maps.length,
  };
}

interface MallocInfo {
  /** Bytes in use in the heaps of `malloc`. */
  readonly uordblks: number;
  /** Bytes in mappings of their own. */
  readonly hblkhd: number;
}

const mallinfo = findMallinfo();

function mallocBytes(): number {
  const info = mallinfo?.();
  return info === undefined ? 0 : info.uordblks + info.hblkhd;
}

/** `mallinfo2` of glibc 2.33 and later (malloc.h). */
function findMallinfo(): (() => MallocInfo) | undefined {
  const words = [
    'arena',
    'ordblks',
    'smblks',
    'hblks',
    'hblkhd',
    'usmblks',
    'fsmblks',
    'uordblks',
    'fordblks',
    'keepcost',
  ];
  const struct = koffi.struct(Object.fromEntries(words.map((word) => [word, 'size_t'])));
  try {
    return koffi.load(null).func('mallinfo2', struct, []) as unknown as () => MallocInfo;
  } catch {
    return undefined; // koffi: no such symbol
  }
}

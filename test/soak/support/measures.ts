// What this process holds: what is in use, apart from what V8 and the allocator keep for later.
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { collectUntil } from '../../support/gc.js';
import { type Holdings, holdings } from '../../support/long-run.js';

export interface Measures extends Holdings {
  /** Objects of JavaScript. */
  readonly heapBytes: number;
  /** The memory of ArrayBuffers. */
  readonly bufferBytes: number;
  /** What `malloc` has given out, to V8, to Node and to koffi; 0 where libc doesn't tell (musl). */
  readonly mallocBytes: number;
  /** Runs of shared memory: the primary's `config` and its hugepages. */
  readonly sharedMappings: number;
  /** All of them, those of V8's heap included. */
  readonly mappings: number;
}

/** What is collected once may let go of more: mappings go after the arrays over them. */
const COLLECTIONS = 4;

/** As of now, garbage collected. */
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
  /** Bytes that have mappings of their own. */
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

import { MpError } from '../../protocol/errors.js';
import { systemError } from '../../sys/errors.js';
import { MAX_VIEW_LENGTH, Mapping } from '../../sys/mapping.js';
import { isPowerOfTwo } from '../layout/fields.js';
import { mapRun, type PageRun } from './window.js';

/** A memzone to post to another thread: what `zone.share()` returns and `attachShared` takes. Plain data. */
export interface MemzoneHandle {
  /** Tells a handle from other messages. */
  readonly type: 'dpdk-ipc:memzone';
  /** Name of the zone. */
  readonly name: string;
  /** Address of the zone in the primary. */
  readonly addr: bigint;
  /** Length of the zone in bytes. */
  readonly len: number;
  /** Whether its pages get mapped for writing. */
  readonly writable: boolean;
  /** Size of each page in bytes. */
  readonly pageSize: number;
  /** Offset of the zone in the pages, in bytes. */
  readonly offset: number;
  /** @internal The pages. */
  readonly runs: readonly PageRun[];
}

/**
 * A memzone in a thread that didn't attach the memory. `bytes` shows the same pages as in every other thread and process.
 * `Atomics` work on it across all of them, except `wait` and `notify`, which need a SharedArrayBuffer.
 */
export class SharedMemzone {
  /** Name of the zone. */
  readonly name: string;
  /** Address of the zone in the primary. */
  readonly addr: bigint;
  /** Length of the zone in bytes. */
  readonly len: number;
  readonly #mapping: Mapping;
  #bytes: Uint8Array | undefined;

  /** @internal */
  constructor(handle: MemzoneHandle, mapping: Mapping) {
    this.name = handle.name;
    this.addr = handle.addr;
    this.len = handle.len;
    this.#mapping = mapping;
    this.#bytes = new Uint8Array(mapping.view(handle.offset, handle.len));
  }

  /** The memory itself; `EBADF` after `detach`. */
  get bytes(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes;
    throw new MpError('EBADF', `Memzone ${JSON.stringify(this.name)} was detached: call attachShared again`);
  }

  /** ArrayBuffer of `bytes`. */
  get buffer(): ArrayBuffer {
    return this.bytes.buffer as ArrayBuffer;
  }

  /** Offset of `bytes` in `buffer`. */
  get byteOffset(): number {
    return this.bytes.byteOffset;
  }

  /** Ends the access; the pages stay mapped until the last array over them is collected. Detaching twice is harmless. */
  detach(): void {
    this.#bytes = undefined;
    this.#mapping.close();
  }

  /** Same as `detach`. */
  [Symbol.dispose](): void {
    this.detach();
  }
}

/**
 * Maps the pages of a memzone that another thread or process of this machine shared with `zone.share()`. This comes
 * closest to a SharedArrayBuffer, which can't be made over memory that isn't V8's. It doesn't notice when the zone is
 * freed: where that matters, ask `zone.valid` in the thread that attached.
 *
 * Throws `ESTALE` (the zone was freed since), `ENOENT` (the primary removed its page, too), `EACCES`, `EINVAL` (not a
 * handle).
 *
 * @example
 * worker.postMessage(zone.share());
 * // in the worker:
 * parentPort?.once('message', (handle) => {
 *   const { buffer, byteOffset } = attachShared(handle);
 *   Atomics.add(new BigUint64Array(buffer, byteOffset, 4), 1, 1n);
 * });
 */
export function attachShared(handle: MemzoneHandle): SharedMemzone {
  if (!isWhole(handle)) {
    throw new MpError(
      'EINVAL',
      'This is not a handle of a memzone: post what zone.share() returned, unchanged',
    );
  }
  const mapping = Mapping.reserve(totalOf(handle.runs), handle.pageSize);
  if (typeof mapping === 'number') throw systemError('mmap', mapping, handle.name);
  try {
    let at = 0;
    for (const run of handle.runs) {
      mapRun(mapping, at, run, { writable: handle.writable, expected: run.file });
      at += run.length;
    }
    return new SharedMemzone(handle, mapping);
  } catch (error) {
    mapping.close();
    throw error;
  }
}

/** Checks all fields: the value came with a message. */
function isWhole(handle: unknown): handle is MemzoneHandle {
  if (typeof handle !== 'object' || handle === null) return false;
  const { type, offset = -1, len = 0, pageSize = 0, runs }: Partial<MemzoneHandle> = handle;
  if (type !== 'dpdk-ipc:memzone' || !isPowerOfTwo(pageSize) || !Array.isArray(runs)) return false;
  if (!Number.isSafeInteger(offset) || offset < 0) return false;
  return len > 0 && len <= MAX_VIEW_LENGTH && offset + len <= totalOf(runs);
}

function totalOf(runs: readonly PageRun[]): number {
  return runs.reduce((sum, run) => sum + run.length, 0);
}

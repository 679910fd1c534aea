/** Plans the addresses of the shared memory, which are the same in all C processes, as EAL would choose them. */
import { ceilTo } from '../heap/fit.js';
import { geometryOf } from '../layout/fbarray.js';
import { MIN_PAGE_SIZE } from '../layout/fields.js';
import { MEMZONE_SIZE } from '../layout/memzone-entry.js';
import { MAX_SEGMENTS_PER_LIST, MEMSEG, type MemConfigLayout } from '../layout/releases.js';

/** RTE_MAX_MEMZONE (rte_config.h) */
const MAX_MEMZONES = 2560;
/** RTE_MAX_MEM_MB_PER_LIST (rte_config.h), in bytes. */
const MAX_LIST_BYTES = 2 ** 35;
/** The base-virtaddr that EAL asks for on 64-bit machines (eal_get_baseaddr). */
const BASE = 2 ** 32;

/** One array: its file is `fbarray_<name>`. */
export interface ArrayPlan {
  readonly name: string;
  readonly eltSize: number;
  readonly len: number;
  readonly address: number;
  /** Size of its file in bytes, whole pages. */
  readonly fileSize: number;
}

export interface ListPlan {
  readonly index: number;
  readonly base: number;
  readonly length: number;
  readonly pageSize: number;
  readonly socketId: number;
  readonly array: ArrayPlan;
}

export interface AddressPlan {
  readonly configAddress: number;
  /** Length of the mapping of `config`. */
  readonly configLength: number;
  readonly memzones: ArrayPlan;
  readonly lists: readonly ListPlan[];
}

/** Plans one list for each node, with as many pages as a list can have. */
export function planAddresses(
  layout: MemConfigLayout,
  pageSize: number,
  nodes: readonly number[],
): AddressPlan {
  const configLength = ceilTo(layout.size, MIN_PAGE_SIZE);
  const memzones = planArray('memzone', MEMZONE_SIZE, MAX_MEMZONES, BASE + configLength);
  let next = memzones.address + memzones.fileSize;
  const len = Math.min(MAX_SEGMENTS_PER_LIST, Math.max(1, MAX_LIST_BYTES / pageSize));
  const lists = nodes.map((socketId, index): ListPlan => {
    const array = planArray(`memseg-${pageSize / 1024}k-${socketId}-0`, MEMSEG.size, len, next);
    const base = ceilTo(array.address + array.fileSize, pageSize);
    const length = len * pageSize;
    next = base + length;
    return { index, base, length, pageSize, socketId, array };
  });
  return { configAddress: BASE, configLength, memzones, lists };
}

function planArray(name: string, eltSize: number, len: number, address: number): ArrayPlan {
  const fileSize = ceilTo(geometryOf({ name, len, eltSize }).size, MIN_PAGE_SIZE);
  return { name, eltSize, len, address, fileSize };
}

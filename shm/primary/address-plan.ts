/** Where C processes are to have everything: the same addresses in each, as EAL itself would choose them. */
import { geometryOf } from '../layout/fbarray.js';
import { MEMSEG_SIZE } from '../layout/memseg.js';
import { MEMZONE_SIZE } from '../layout/memzone-entry.js';
import type { MemConfigLayout } from '../layout/releases.js';

/** RTE_MAX_MEMZONE (rte_config.h) */
const MAX_MEMZONES = 2560;
/** RTE_MAX_MEMSEG_PER_LIST and RTE_MAX_MEM_MB_PER_LIST (rte_config.h): how long a list is at most. */
const MAX_SEGMENTS = 8192;
const MAX_LIST_BYTES = 2 ** 35;
/** The base-virtaddr that EAL asks for on 64-bit machines (eal_get_baseaddr). */
const BASE = 2 ** 32;
const PAGE = 4096;

/** One array: its file is `fbarray_<name>`. */
export interface ArrayPlan {
  readonly name: string;
  readonly eltSize: number;
  readonly len: number;
  readonly address: number;
  /** Of its file, in whole pages. */
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
  /** Of the mapping of `config`. */
  readonly configLength: number;
  readonly memzones: ArrayPlan;
  readonly lists: readonly ListPlan[];
}

/** One list for each node, of as many pages as a list can have. */
export function planAddresses(
  layout: MemConfigLayout,
  pageSize: number,
  nodes: readonly number[],
): AddressPlan {
  const configLength = roundUp(layout.size, PAGE);
  const memzones = planArray('memzone', MEMZONE_SIZE, MAX_MEMZONES, BASE + configLength);
  let next = memzones.address + memzones.fileSize;
  const len = Math.min(MAX_SEGMENTS, Math.max(1, MAX_LIST_BYTES / pageSize));
  const lists = nodes.map((socketId, index): ListPlan => {
    const array = planArray(`memseg-${pageSize / 1024}k-${socketId}-0`, MEMSEG_SIZE, len, next);
    const base = roundUp(array.address + array.fileSize, pageSize);
    const length = len * pageSize;
    next = base + length;
    return { index, base, length, pageSize, socketId, array };
  });
  return { configAddress: BASE, configLength, memzones, lists };
}

function planArray(name: string, eltSize: number, len: number, address: number): ArrayPlan {
  const fileSize = roundUp(geometryOf({ name, len, eltSize }).size, PAGE);
  return { name, eltSize, len, address, fileSize };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

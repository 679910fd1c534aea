import { EXTERNAL_SOCKET_ID } from '../heap/heap-space.js';
import { FBARRAY_DATA, FBARRAY_ELT_SIZE, FBARRAY_LEN, geometryOf } from '../layout/fbarray.js';
import { writeText } from '../layout/fields.js';
import { LIST_ARRAY, LIST_HEAP, LIST_LENGTH, LIST_PAGE_SIZE, LIST_SOCKET_ID } from '../layout/memseg.js';
import { MEMSEG_LIST_SIZE, type MemConfigLayout, RTE_MAGIC, VERSION_OFFSET } from '../layout/releases.js';
import type { AddressPlan, ArrayPlan } from './address-plan.js';
import type { SpaceMappings } from './mapped-space.js';
import type { MemoryPlan } from './options.js';
import { writeTailqs } from './tailqs.js';

/** Writes the fields of `rte_mem_config` except the magic, and describes its arrays, which are empty. */
export function writeConfig(plan: MemoryPlan, addresses: AddressPlan, mappings: SpaceMappings): void {
  const { layout } = plan;
  const { offsets } = layout;
  const config = viewOf(mappings.config);
  config.setUint32(VERSION_OFFSET, plan.versionWord, true);
  config.setBigUint64(offsets.memCfgAddr, BigInt(addresses.configAddress), true);
  config.setInt32(offsets.nextSocketId, EXTERNAL_SOCKET_ID, true); // node of the first external heap
  describeArray(config, offsets.memzones, viewOf(mappings.memzones), addresses.memzones);
  addresses.lists.forEach((list, i) => {
    const at = offsets.memsegs + list.index * MEMSEG_LIST_SIZE;
    config.setBigUint64(at, BigInt(list.base), true);
    config.setBigUint64(at + LIST_PAGE_SIZE, BigInt(list.pageSize), true);
    config.setInt32(at + LIST_SOCKET_ID, list.socketId, true);
    config.setBigUint64(at + LIST_LENGTH, BigInt(list.length), true);
    config.setUint32(at + LIST_HEAP, 1, true);
    const file = mappings.lists[i]?.array;
    if (file !== undefined) describeArray(config, at + LIST_ARRAY, viewOf(file), list.array);
  });
  writeAddressRange(config, layout, addresses);
  writeTailqs(config, offsets.tailqHead, addresses.configAddress, plan.tailqs);
}

/** Writes the range that holds all lists, since 26.07. */
function writeAddressRange(config: DataView, { offsets }: MemConfigLayout, { lists }: AddressPlan): void {
  const [first] = lists;
  const last = lists.at(-1);
  if (offsets.memVa === undefined || first === undefined || last === undefined) return;
  config.setBigUint64(offsets.memVa, BigInt(first.base), true);
  config.setBigUint64(offsets.memVa + 8, BigInt(last.base + last.length - first.base), true);
  config.setBigUint64(offsets.memVa + 16, BigInt(first.pageSize), true);
}

/** Sets or clears the magic, which tells waiting secondaries whether the memory is complete. */
export function publish(config: DataView, complete: boolean): void {
  Atomics.store(new Int32Array(config.buffer, config.byteOffset, 1), 0, complete ? RTE_MAGIC : 0);
}

function viewOf(mapping: SpaceMappings['config']): DataView {
  return new DataView(mapping.view(0, mapping.length));
}

/** Makes a descriptor and a file of zeros an empty `struct rte_fbarray`. */
function describeArray(config: DataView, descriptor: number, file: DataView, plan: ArrayPlan): void {
  const { masks, maskHead } = geometryOf(plan);
  file.setUint32(maskHead, masks, true);
  writeText(config, descriptor, plan.name);
  config.setUint32(descriptor + FBARRAY_LEN, plan.len, true);
  config.setUint32(descriptor + FBARRAY_ELT_SIZE, plan.eltSize, true);
  config.setBigUint64(descriptor + FBARRAY_DATA, BigInt(plan.address), true);
}

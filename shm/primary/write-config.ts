import type { Mapping } from '../../sys/mapping.js';
import { EXTERNAL_SOCKET_ID } from '../heap/heap-space.js';
import { geometryOf } from '../layout/fbarray.js';
import { FBARRAY, MEMSEG_LIST, type MemConfigLayout, RTE_MAGIC, VERSION_OFFSET } from '../layout/releases.js';
import type { AddressPlan, ArrayPlan } from './address-plan.js';
import { type SpaceMappings, wholeOf } from './mapped-space.js';
import type { MemoryPlan } from './options.js';
import { writeTailqs } from './tailqs.js';

/** Writes the fields of `rte_mem_config` except the magic, and describes its arrays, which are empty. */
export function writeConfig(plan: MemoryPlan, addresses: AddressPlan, mappings: SpaceMappings): void {
  const { layout } = plan;
  const { offsets } = layout;
  const config = wholeOf(mappings.config);
  config.setUint32(VERSION_OFFSET, plan.versionWord, true);
  config.setBigUint64(offsets.memCfgAddr, BigInt(addresses.configAddress), true);
  config.setInt32(offsets.nextSocketId, EXTERNAL_SOCKET_ID, true); // node of the first external heap
  const bytes = new Uint8Array(config.buffer);
  FBARRAY.encode(describe(addresses.memzones, mappings.memzones), bytes.subarray(offsets.memzones));
  addresses.lists.forEach(({ index, base, pageSize, length, socketId, array }, i) => {
    const fields = {
      base: BigInt(base),
      pageSize: BigInt(pageSize),
      length: BigInt(length),
      socketId,
      heap: 1,
    };
    const described = describe(array, mappings.lists[i]?.array);
    const at = offsets.memsegs + index * MEMSEG_LIST.size;
    MEMSEG_LIST.encode({ ...fields, array: described }, bytes.subarray(at));
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

/** Makes a file of zeros the file of an empty array; returns the fields of its `struct rte_fbarray`. */
function describe({ name, len, eltSize, address }: ArrayPlan, mapping: Mapping | undefined) {
  const { masks, maskHead } = geometryOf({ name, len, eltSize });
  if (mapping !== undefined) wholeOf(mapping).setUint32(maskHead, masks, true);
  return { name, len, eltSize, data: BigInt(address) };
}

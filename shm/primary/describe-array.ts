import { FBARRAY_DATA, FBARRAY_ELT_SIZE, FBARRAY_LEN, geometryOf } from '../layout/fbarray.js';
import { writeText } from '../layout/fields.js';
import type { ArrayPlan } from './address-plan.js';

/** Makes an empty `struct rte_fbarray` of a descriptor and a file of zeros. */
export function describeArray(config: DataView, descriptor: number, file: DataView, plan: ArrayPlan): void {
  const { masks, maskHead } = geometryOf(plan);
  file.setUint32(maskHead, masks, true);
  writeText(config, descriptor, plan.name);
  config.setUint32(descriptor + FBARRAY_LEN, plan.len, true);
  config.setUint32(descriptor + FBARRAY_ELT_SIZE, plan.eltSize, true);
  config.setBigUint64(descriptor + FBARRAY_DATA, BigInt(plan.address), true);
}

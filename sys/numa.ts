import { readdirSync } from 'node:fs';
import * as libc from './libc.js';

// asm/unistd.h
const NUMBERS: Readonly<Partial<Record<string, { mbind: number; getMempolicy: number }>>> = Object.freeze({
  x64: { mbind: 237, getMempolicy: 239 },
  arm64: { mbind: 235, getMempolicy: 236 },
});
// linux/mempolicy.h
const MPOL_BIND = 2;
const MPOL_F_NODE = 1;
const MPOL_F_ADDR = 2;
const MASK_BITS = 64;

const memory = new ArrayBuffer(16);
const words = new BigUint64Array(memory);
/** Offset of the answer, behind the mask. */
const ANSWER = 8;

/** Returns the machine's NUMA nodes, ascending; `[0]` where the kernel knows none. */
export function numaNodes(): readonly number[] {
  try {
    const nodes = readdirSync('/sys/devices/system/node')
      .map((name) => /^node(\d+)$/.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .filter((node) => node < MASK_BITS);
    return nodes.length === 0 ? [0] : nodes.sort((a, b) => a - b);
  } catch {
    return [0]; // no /sys, or a kernel without NUMA
  }
}

/** Makes the kernel take the pages of a mapping from this node. Returns 0 or `-errno`. */
export function bindToNode(address: number, length: number, node: number): number {
  const { mbind } = NUMBERS[process.arch] ?? {};
  if (mbind === undefined) return 0;
  words[0] = 1n << BigInt(node);
  return libc.syscall6(mbind, address, length, MPOL_BIND, libc.addressOf(memory), MASK_BITS + 1, 0);
}

/** Returns the node that the page at an address is on, or `-errno`. */
export function nodeOf(address: number): number {
  const { getMempolicy } = NUMBERS[process.arch] ?? {};
  if (getMempolicy === undefined) return 0;
  const result = libc.syscall6(
    getMempolicy,
    libc.addressOf(memory) + ANSWER,
    0,
    0,
    address,
    MPOL_F_NODE | MPOL_F_ADDR,
    0,
  );
  return result < 0 ? result : (new Int32Array(memory, 8, 1)[0] ?? 0);
}

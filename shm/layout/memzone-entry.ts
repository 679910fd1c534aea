import { readAddress, readPageSize, type Source } from './fields.js';

/** sizeof(struct rte_memzone), rte_memzone.h: packed, the same in every release. */
export const MEMZONE_SIZE = 72;
const NAME_SIZE = 32; // RTE_MEMZONE_NAMESIZE
const IOVA = 32;
const ADDR = 40;
const LEN = 48;
const HUGEPAGE_SZ = 56;
const SOCKET_ID = 64;
const FLAGS = 68;

/** The fields of `struct rte_memzone`. */
export interface MemzoneFields {
  readonly name: string;
  readonly iova: bigint;
  readonly addr: number;
  readonly len: number;
  readonly hugepageSize: number;
  readonly socketId: number;
  readonly flags: number;
}

/** Returns a name as in an entry, with its NUL; `undefined` for an impossible name: empty, with a NUL, or 32 bytes and more. */
export function nameBytes(name: string): Buffer | undefined {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length === 0 || bytes.length >= NAME_SIZE || bytes.includes(0)) return undefined;
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}

/** Whether the entry has exactly this name, which comes from {@link nameBytes}. */
export function hasName(entry: Buffer, name: Buffer): boolean {
  return entry.subarray(0, name.length).equals(name);
}

/** Whether an entry is complete: one that a writer is filling or clearing has no name or no address. */
export function isFilled(entry: Buffer): boolean {
  return entry[0] !== 0 && entry.readBigUInt64LE(ADDR) !== 0n;
}

/** Decodes an entry. Throws `ELAYOUT`, which names the impossible field. */
export function readMemzone(source: Source, index: number): MemzoneFields {
  const { bytes } = source;
  const field = `memzone[${index}]`;
  const end = bytes.subarray(0, NAME_SIZE).indexOf(0);
  return Object.freeze({
    name: bytes.toString('utf8', 0, end < 0 ? NAME_SIZE : end),
    iova: bytes.readBigUInt64LE(IOVA),
    addr: readAddress(source, ADDR, `${field}.addr`),
    len: readAddress(source, LEN, `${field}.len`),
    hugepageSize: readPageSize(source, HUGEPAGE_SZ, `${field}.hugepage_sz`),
    socketId: bytes.readInt32LE(SOCKET_ID),
    flags: bytes.readUInt32LE(FLAGS),
  });
}

/** Fills a cleared entry, the name before the address: a process that reads without the lock takes it for empty until then. */
export function writeMemzone(entry: Buffer, fields: MemzoneFields): void {
  entry.write(fields.name, 0, NAME_SIZE - 1, 'utf8');
  entry.writeBigUInt64LE(fields.iova, IOVA);
  entry.writeBigUInt64LE(BigInt(fields.addr), ADDR);
  entry.writeBigUInt64LE(BigInt(fields.len), LEN);
  entry.writeBigUInt64LE(BigInt(fields.hugepageSize), HUGEPAGE_SZ);
  entry.writeInt32LE(fields.socketId, SOCKET_ID);
  entry.writeUInt32LE(fields.flags, FLAGS);
}

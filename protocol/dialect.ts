import { invalid, MpError } from './errors.js';

/** Name of a wire dialect: the length of its datagrams, and the most descriptors in a message. */
export type DialectId = '332/8' | '332/253' | '340/253';

/**
 * One wire dialect of DPDK: the shape of `struct mp_msg_internal` (eal_common_proc.c) in a range of releases.
 * All numbers are bytes, except `maxFds` (`RTE_MP_MAX_FD_NUM` of rte_eal.h). Frozen; compare by identity.
 */
export interface Dialect {
  /** Name of the dialect in options and errors. */
  readonly id: DialectId;
  /** Length of every datagram: that of the C struct without its `fds` array. */
  readonly wireLength: number;
  /** The most descriptors in one message. */
  readonly maxFds: number;
  /** Where the fields are. */
  readonly offsets: DialectOffsets;
  /** The first release that speaks it. */
  readonly firstVersion: string;
  /** The last release that speaks it, as far as this library knows. */
  readonly lastVersion: string;
}

/** Where the fields of `struct mp_msg_internal` are in a datagram. */
export interface DialectOffsets {
  /** An `int`, one of {@link MpType}. */
  readonly type: number;
  /** 64 bytes of text that ends with a NUL. */
  readonly name: number;
  /** An `int`, 0 to 256. */
  readonly lenParam: number;
  /** An `int`, 0 to `maxFds`. */
  readonly numFds: number;
  /** 256 bytes. */
  readonly param: number;
  /** The one entry of the `fds` array that alignment makes part of the datagram. It has no meaning. */
  readonly staleFd?: number;
}

// struct mp_msg_internal up to 25.07: a C int and struct rte_mp_msg, no padding between fields
const PACKED_OFFSETS = Object.freeze({ type: 0, name: 4, lenParam: 68, numFds: 72, param: 76 });

// 25.11 gave rte_mp_msg.param alignas(8) (rte_eal.h): 4 bytes of padding behind `type`, and 4 at the end of the struct.
// C sends sizeof(struct) - sizeof(fds) bytes, which then include the first entry of `fds`.
const ALIGNED_OFFSETS = Object.freeze({
  type: 0,
  name: 8,
  lenParam: 72,
  numFds: 76,
  param: 80,
  staleFd: 336,
});

/**
 * The three wire dialects by their ids. All code that depends on the dialect reads these records.
 *
 * @example
 * DIALECTS['340/253'].wireLength; // 340
 */
export const DIALECTS: Readonly<Record<DialectId, Dialect>> = Object.freeze({
  '332/8': Object.freeze({
    id: '332/8',
    wireLength: 332,
    maxFds: 8,
    offsets: PACKED_OFFSETS,
    firstVersion: '18.11',
    lastVersion: '24.07',
  }),
  // 24.11 raised RTE_MP_MAX_FD_NUM to the kernel's SCM_MAX_FD
  '332/253': Object.freeze({
    id: '332/253',
    wireLength: 332,
    maxFds: 253,
    offsets: PACKED_OFFSETS,
    firstVersion: '24.11',
    lastVersion: '25.07',
  }),
  '340/253': Object.freeze({
    id: '340/253',
    wireLength: 340,
    maxFds: 253,
    offsets: ALIGNED_OFFSETS,
    firstVersion: '25.11',
    lastVersion: '26.11',
  }),
});

const ALL: readonly Dialect[] = Object.values(DIALECTS);
const IDS = Object.keys(DIALECTS)
  .map((id) => `'${id}'`)
  .join(', ');

/** Returns the record for a record or its id. Throws `EINVAL` for anything else, also for a copy of a record. */
export function resolveDialect(dialect: Dialect | DialectId): Dialect {
  for (const known of ALL) {
    if (dialect === known || dialect === known.id) return known;
  }
  const given = typeof dialect === 'string' ? `'${dialect}'` : `a ${typeof dialect}`;
  throw invalid(`${given} is no wire dialect of DPDK: use one of ${IDS} or a record of DIALECTS`);
}

// RTE_VERSION_NUM(year, month, minor, release) of rte_version.h
const VERSION_19_08 = 0x13080000;
const VERSION_24_11 = 0x180b0000;
const VERSION_25_11 = 0x190b0000;
const VERSION_AFTER_26_11 = 0x1a0c0000;

/** Up to 19.05 struct rte_mem_config had `nchannel` in the place of `version`; no machine has more channels than this. */
export const MAX_CHANNELS = 0xff;

// RTE_VER_RELEASE of every release that isn't a release candidate (config/meson.build)
const FINAL_RELEASE = 99;

/**
 * Returns the wire dialect of a primary from the version word of its `config` file: the second 32-bit word of
 * `struct rte_mem_config`, which is valid once the first, `magic`, is set. Up to 19.05 that word is the number of memory
 * channels, a small number: those releases speak `332/8`.
 *
 * Throws `EVERSION` for a version that this library doesn't know. It never guesses, because a datagram of the wrong length
 * ends the C process's IPC thread.
 *
 * @example
 * dialectOf(0x160b0b63).id; // '332/8': DPDK 22.11.11
 */
export function dialectOf(versionWord: number): Dialect {
  if (!isUint32(versionWord)) throw unknownVersion(`${versionWord} (not an unsigned 32-bit number)`);
  if (versionWord <= MAX_CHANNELS) return DIALECTS['332/8'];
  const month = (versionWord >>> 16) & 0xff;
  const known = versionWord >= VERSION_19_08 && versionWord < VERSION_AFTER_26_11;
  if (!known || month < 1 || month > 12) {
    throw unknownVersion(`${versionOf(versionWord)} (0x${versionWord.toString(16).padStart(8, '0')})`);
  }
  if (versionWord < VERSION_24_11) return DIALECTS['332/8'];
  return versionWord < VERSION_25_11 ? DIALECTS['332/253'] : DIALECTS['340/253'];
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function unknownVersion(version: string): MpError {
  const ranges = Object.values(DIALECTS).map((d) => `'${d.id}' (${d.firstVersion} to ${d.lastVersion})`);
  return new MpError(
    'EVERSION',
    `no known wire dialect for DPDK version ${version}: if you know which one the primary speaks, ` +
      `set the option dialect to ${ranges.join(', ')}`,
  );
}

/**
 * Returns a version word as C's `rte_version` prints it, without "DPDK " at the start. Release 99 is a final release; every
 * lower number is a release candidate.
 *
 * @example
 * versionOf(0x160b0b63); // '22.11.11'
 * versionOf(0x1a0b0000); // '26.11.0-rc0'
 */
export function versionOf(versionWord: number): string {
  const year = versionWord >>> 24;
  const month = String((versionWord >>> 16) & 0xff).padStart(2, '0');
  const minor = (versionWord >>> 8) & 0xff;
  const release = versionWord & 0xff;
  return `${year}.${month}.${minor}${release === FINAL_RELEASE ? '' : `-rc${release}`}`;
}

import { MpError } from './errors.js';

/** Datagram length and most descriptors: what tells DPDK's wire dialects apart. */
export type DialectId = '332/8' | '332/253' | '340/253';

/**
 * One wire dialect of DPDK: the shape of `struct mp_msg_internal` (eal_common_proc.c) in a range of releases.
 * All numbers are bytes, except `maxFds` (`RTE_MP_MAX_FD_NUM` of rte_eal.h). Frozen; compare by identity.
 */
export interface Dialect {
  /** What options and errors call it. */
  readonly id: DialectId;
  /** Length of every datagram: the record without its `fds` array. */
  readonly wireLength: number;
  /** Most descriptors in one message. */
  readonly maxFds: number;
  /** Where the fields are. */
  readonly offsets: DialectOffsets;
  /** The first release that speaks it. */
  readonly firstVersion: string;
  /** The last one, as far as this library knows. */
  readonly lastVersion: string;
}

/** Where the fields of `struct mp_msg_internal` are in a datagram. */
export interface DialectOffsets {
  /** int, an {@link MpType}. */
  readonly type: number;
  /** 64 bytes, ends with a NUL. */
  readonly name: number;
  /** int, 0 to 256. */
  readonly lenParam: number;
  /** int, 0 to `maxFds`. */
  readonly numFds: number;
  /** 256 bytes. */
  readonly param: number;
  /** The one entry of the `fds` array that is sent as bytes, by accident of alignment. It means nothing. */
  readonly staleFd?: number;
}

// struct mp_msg_internal up to 25.07: a C int and struct rte_mp_msg, no padding between fields
const PACKED_OFFSETS = Object.freeze({ type: 0, name: 4, lenParam: 68, numFds: 72, param: 76 });

// 25.11 gave rte_mp_msg.param alignas(8) (rte_eal.h): 4 bytes of padding behind `type`, and 4 at the
// record's end, so that what is sent, sizeof(record) - sizeof(fds), reaches into `fds`
const ALIGNED_OFFSETS = Object.freeze({
  type: 0,
  name: 8,
  lenParam: 72,
  numFds: 76,
  param: 80,
  staleFd: 336,
});

/**
 * The three wire dialects by id; everything that depends on the release reads these records.
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

/** The record itself, from itself or its id. `EINVAL` for anything else, also for a copy of a record. */
export function resolveDialect(dialect: Dialect | DialectId): Dialect {
  for (const known of ALL) {
    if (dialect === known || dialect === known.id) return known;
  }
  const given = typeof dialect === 'string' ? `'${dialect}'` : `a ${typeof dialect}`;
  throw new MpError(
    'EINVAL',
    `${given} is no wire dialect of DPDK: use one of ${IDS} or a record of DIALECTS`,
  );
}

// RTE_VERSION_NUM(year, month, minor, release) of rte_version.h
const VERSION_19_08 = 0x13080000;
const VERSION_24_11 = 0x180b0000;
const VERSION_25_11 = 0x190b0000;
const VERSION_AFTER_26_11 = 0x1a0c0000;

/** struct rte_mem_config had nchannel where `version` is since 19.08; more channels than this don't exist. */
export const MAX_CHANNELS = 0xff;

// RTE_VER_RELEASE of anything that isn't a release candidate (config/meson.build)
const FINAL_RELEASE = 99;

/**
 * The wire dialect of a primary, from the version word of its `config` file (`struct rte_mem_config`, the
 * second 32-bit word; meaningful once the first, `magic`, is set). Up to 19.05 that word is the count of
 * memory channels, a small number: those releases speak `332/8`.
 *
 * Throws `EVERSION` for what this library doesn't know; it never guesses, because a datagram of the wrong
 * length ends the C process's IPC thread.
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
 * A version word as `rte_version` prints it, without its "DPDK " prefix. Release 99 is a final one, anything
 * lower a release candidate.
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

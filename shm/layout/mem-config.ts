import { constants, fstatSync, openSync, readSync } from 'node:fs';
import { versionOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { ifPresent } from '../../sys/errors.js';
import { type RecordLock, recordLockOn } from '../../sys/file-lock.js';
import { closeFile } from '../../sys/files.js';
import { type FbarrayDescriptor, readDescriptor } from './fbarray.js';
import { layoutError, MIN_PAGE_SIZE, readAddress, readFlag } from './fields.js';
import { type MemsegList, readMemsegLists } from './memseg.js';
import { MEMZONE_SIZE } from './memzone-entry.js';
import {
  LAYOUTS,
  type LayoutFamily,
  type MemConfigLayout,
  RTE_MAGIC,
  TAILQ_NAME_OFFSET,
  VERSION_OFFSET,
} from './releases.js';

// struct rte_fbarray begins with the array's name: its offset tells the families apart
const MEMZONE_ARRAY = Buffer.from('memzone\0', 'latin1');

/** Offsets of `memzones` and `tailq_head` in the families. */
const MEMZONES_A = 40;
const MEMZONES_B = 48;
const TAILQS_B = 17552;
const TAILQS_C = 17576;

/** Size of `magic` and `version` of struct rte_mem_config. */
const HEAD_SIZE = 8;

/**
 * Returns the layout of a whole `config` by its size, its version word and its content, which must agree. Throws `EVERSION`
 * for an unknown release, `ELAYOUT` where they disagree.
 *
 * @param bytes the whole file, whose magic is set
 */
export function chooseLayout(bytes: Buffer, path: string): MemConfigLayout {
  if (bytes.length < HEAD_SIZE)
    throw layoutError(path, 'the file size', bytes.length, 'a whole rte_mem_config');
  const word = bytes.readUInt32LE(VERSION_OFFSET);
  const ofVersion = LAYOUTS.filter((layout) => layout.firstWord <= word && word <= layout.lastWord);
  if (ofVersion.length === 0) throw unknownVersion(word, path);
  const ofSize = ofVersion.filter((layout) => layout.size === bytes.length);
  if (ofSize.length === 0) {
    const sizes = ofVersion.map((layout) => layout.size).join(' or ');
    throw layoutError(path, 'the file size', bytes.length, `${sizes} bytes`);
  }
  const possible = familiesByContent(bytes);
  const found = ofSize.filter((layout) => possible.includes(layout.family));
  if (found[0] !== undefined && found.length === 1) return found[0];
  const families = ofSize.map((layout) => layout.family).join(' or ');
  throw layoutError(
    path,
    'the layout family by content',
    possible.join(' or ') || 'none',
    `${families} for version ${versionOf(word)}`,
  );
}

/** Returns the families that the content doesn't rule out. */
function familiesByContent(bytes: Buffer): readonly LayoutFamily[] {
  if (hasMemzonesAt(bytes, MEMZONES_A)) return ['A'];
  if (!hasMemzonesAt(bytes, MEMZONES_B)) return [];
  // behind the lists, B has the first tailq head; C has three other words first
  if (isTailqName(bytes, TAILQS_B + TAILQ_NAME_OFFSET)) return ['B'];
  const hasRange = bytes.readBigUInt64LE(TAILQS_B) !== 0n;
  if (hasRange || isTailqName(bytes, TAILQS_C + TAILQ_NAME_OFFSET)) return ['C'];
  // a primary that links only EAL has no tailqs since 24.11: then the version decides
  return ['B', 'C'];
}

function hasMemzonesAt(bytes: Buffer, offset: number): boolean {
  return bytes.subarray(offset, offset + MEMZONE_ARRAY.length).equals(MEMZONE_ARRAY);
}

function isTailqName(bytes: Buffer, offset: number): boolean {
  return /^[A-Za-z0-9_]{4}$/.test(bytes.toString('latin1', offset, offset + 4));
}

/** Whether the first four bytes say that the primary's initialisation is complete. */
export function isComplete(head: Buffer): boolean {
  return head.readUInt32LE(0) === RTE_MAGIC;
}

function unknownVersion(word: number, path: string): MpError {
  return new MpError(
    'EVERSION',
    `${path} is of DPDK ${versionOf(word)} (0x${word.toString(16).padStart(8, '0')}), whose shared memory this release of dpdk-ipc doesn't know: use a primary of 19.08 to 26.11, or a newer dpdk-ipc`,
    { path },
  );
}

/** The content of `config` that stays the same for the primary's life. */
export interface MemConfig {
  readonly layout: MemConfigLayout;
  readonly versionWord: number;
  readonly memzones: FbarrayDescriptor;
  /** `--legacy-mem`, or `--no-huge`, which sets it, too. */
  readonly legacyMem: boolean;
  readonly singleFileSegments: boolean;
  /** The lists when `config` was read: external ones come and go. */
  readonly lists: readonly MemsegList[];
}

/** Parses a whole `config` whose magic is set. Throws `EVERSION` or `ELAYOUT` rather than guess. */
export function parseMemConfig(bytes: Buffer, path: string): MemConfig {
  const layout = chooseLayout(bytes, path);
  const source = { bytes, path };
  const { offsets } = layout;
  const address = readAddress(source, offsets.memCfgAddr, 'mem_cfg_addr');
  if (address === 0 || address % MIN_PAGE_SIZE !== 0) {
    throw layoutError(path, 'mem_cfg_addr', address, 'a page-aligned address');
  }
  return Object.freeze({
    layout,
    versionWord: bytes.readUInt32LE(VERSION_OFFSET),
    memzones: readDescriptor(source, offsets.memzones, MEMZONE_SIZE, 'memzones'),
    legacyMem: readFlag(source, offsets.legacyMem, 'legacy_mem'),
    singleFileSegments: readFlag(source, offsets.singleFileSegments, 'single_file_segments'),
    lists: readMemsegLists(source, offsets.memsegs),
  });
}

/** Refuses a symbolic link, and doesn't wait for the writer of a pipe. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The head of a primary's `config` file, and its lock. */
export interface ConfigHead {
  /** Whether initialisation is complete; it stays true after the primary's death. */
  readonly complete: boolean;
  /** `rte_mem_config.version`; before 19.08 the number of memory channels. */
  readonly versionWord: number;
  /** The lock that a C primary holds for as long as it lives. */
  readonly lock: RecordLock | undefined;
}

/**
 * Reads the head of `config`; `undefined` where there is no such file, or a shorter one. Throws an error such as `EACCES`
 * where it can't be read.
 */
export function readConfigHead(path: string): ConfigHead | undefined {
  const fd = ifPresent(path, () => openSync(path, OPEN_FLAGS));
  if (fd === undefined) return undefined;
  try {
    const head = Buffer.alloc(HEAD_SIZE);
    if (!fstatSync(fd).isFile()) return undefined;
    if (readSync(fd, head, 0, HEAD_SIZE, 0) < HEAD_SIZE) return undefined;
    const lock = recordLockOn(fd);
    return {
      complete: isComplete(head),
      versionWord: head.readUInt32LE(VERSION_OFFSET),
      lock: typeof lock === 'number' ? undefined : lock,
    };
  } finally {
    closeFile(fd);
  }
}

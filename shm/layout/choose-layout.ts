import { versionOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { layoutError } from '../errors.js';
import {
  LAYOUTS,
  type LayoutFamily,
  type MemConfigLayout,
  RTE_MAGIC,
  TAILQ_NAME_OFFSET,
  VERSION_OFFSET,
} from './releases.js';

// struct rte_fbarray begins with the array's name: where this stands tells the families apart
const MEMZONE_ARRAY = Buffer.from('memzone\0', 'latin1');

/** `memzones` and `tailq_head` where the families have them. */
const MEMZONES_A = 40;
const MEMZONES_B = 48;
const TAILQS_B = 17552;
const TAILQS_C = 17576;

/** Magic and version. */
const HEAD_SIZE = 8;

/**
 * The layout of a whole `config`, by its size, by its version word and by what it holds; the three must agree.
 * `EVERSION` for a release that isn't known, `ELAYOUT` where they disagree.
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

/** The families that the content doesn't rule out. */
function familiesByContent(bytes: Buffer): readonly LayoutFamily[] {
  if (hasMemzonesAt(bytes, MEMZONES_A)) return ['A'];
  if (!hasMemzonesAt(bytes, MEMZONES_B)) return [];
  // behind the lists B has the first tailq head, where C has its three words first
  if (isTailqName(bytes, TAILQS_B + TAILQ_NAME_OFFSET)) return ['B'];
  const hasRange = bytes.readBigUInt64LE(TAILQS_B) !== 0n;
  if (hasRange || isTailqName(bytes, TAILQS_C + TAILQ_NAME_OFFSET)) return ['C'];
  // a primary that links EAL alone has no tailqs since 24.11: then the version decides
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
    `${path} is of DPDK ${versionOf(word)} (0x${word.toString(16).padStart(8, '0')}), whose shared memory this library doesn't know: use a primary of 19.08 to 26.11, or a newer dpdk-ipc`,
    { path },
  );
}

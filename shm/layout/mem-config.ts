import { layoutError } from '../errors.js';
import { chooseLayout } from './choose-layout.js';
import { type FbarrayDescriptor, readDescriptor } from './fbarray.js';
import { readAddress, readFlag } from './fields.js';
import { type MemsegList, readMemsegLists } from './memseg-list.js';
import { MEMZONE_SIZE } from './memzone-entry.js';
import { type MemConfigLayout, VERSION_OFFSET } from './releases.js';

/** What `config` says, once and for all of the primary's life. */
export interface MemConfig {
  readonly layout: MemConfigLayout;
  readonly versionWord: number;
  readonly memzones: FbarrayDescriptor;
  /** `--legacy-mem`, and `--no-huge`, which sets it too. */
  readonly legacyMem: boolean;
  readonly singleFileSegments: boolean;
  /** The lists at this moment: external ones come and go. */
  readonly lists: readonly MemsegList[];
}

const PAGE = 4096;

/** Parses a whole `config` whose magic is set. `EVERSION` or `ELAYOUT`, never a guess. */
export function parseMemConfig(bytes: Buffer, path: string): MemConfig {
  const layout = chooseLayout(bytes, path);
  const source = { bytes, path };
  const { offsets } = layout;
  const address = readAddress(source, offsets.memCfgAddr, 'mem_cfg_addr');
  if (address === 0 || address % PAGE !== 0) {
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

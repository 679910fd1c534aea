import { layoutError } from '../errors.js';
import { readAddress, readPath } from '../layout/fields.js';
import { SharedFile } from './shared-file.js';

/** sizeof(struct hugepage_file), eal_hugepages.h */
const RECORD = 4136;
const FINAL_VA = 8;
const SIZE = 24;
const FILEPATH = 40;
const PATH_MAX = 4096;

/** Which file each page of a `--legacy-mem` primary is in, by the page's address: `hugepage_data`. */
export function readLegacyPages(runtimePath: string): ReadonlyMap<number, string> {
  const file = SharedFile.open(`${runtimePath}/hugepage_data`);
  try {
    const { size, path } = file;
    if (size % RECORD !== 0) throw layoutError(path, 'the file size', size, `a multiple of ${RECORD}`);
    const pages = new Map<number, string>();
    for (let at = 0; at < size; at += RECORD) {
      const bytes = file.read(Buffer.alloc(RECORD), at);
      // there is room for every hugepage of the system; those in use come first
      if (bytes.readBigUInt64LE(SIZE) === 0n) break;
      const record = `hugepage_data[${at / RECORD}]`;
      const source = { bytes, path };
      pages.set(
        readAddress(source, FINAL_VA, `${record}.final_va`),
        readPath(source, FILEPATH, PATH_MAX, `${record}.filepath`),
      );
    }
    return pages;
  } finally {
    file.close();
  }
}

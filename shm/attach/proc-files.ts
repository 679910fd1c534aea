import { readdirSync, readlinkSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { fileError } from '../errors.js';

/**
 * A path to a file that process `pid` has open and that has no name of its own any more: `/proc/<pid>/fd/<n>`, whose link
 * text `matches`. `undefined` if there is none. `EACCES` without the right to look (the same user and ptrace access),
 * `ENOTSUP` when the process can't be seen from here.
 */
export function findOpenFile(pid: number, matches: (target: string) => boolean): string | undefined {
  if (pid <= 0) {
    throw new MpError(
      'ENOTSUP',
      "The primary's memory has no file names and its /proc entry can't be seen from here: run in its pid namespace",
    );
  }
  const folder = `/proc/${pid}/fd`;
  for (const name of list(folder)) {
    const target = linkOf(`${folder}/${name}`);
    if (target !== undefined && matches(target)) return `${folder}/${name}`;
  }
  return undefined;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw fileError(error, folder, "The primary's memory has no file names, and it is not possible to read");
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // closed since the directory was read
    throw fileError(error, path, 'Cannot read the link');
  }
}

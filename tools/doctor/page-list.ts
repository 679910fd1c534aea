import { existsSync, readFileSync, statSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { attachMemory } from '../../shm/attach/attach.js';
import { pageFinderFor } from '../../shm/attach/page-files.js';
import type { SharedMemory } from '../../shm/attach/shared-memory.js';
import { parseMemConfig } from '../../shm/layout/mem-config.js';
import type { Patient } from './patient.js';

/** The file that a page of the primary's memory is in. */
export interface PrimaryPage {
  readonly path: string;
  readonly exists: boolean;
}

/** The files of all pages in use, one each; `problem` where it can't be told which they are. */
export function pageFiles(patient: Patient): { files: PrimaryPage[]; problem?: string } {
  const { filePrefix, runtimeDir } = patient;
  // that it can't be attached, or that a lock is stuck, is for another check to say
  const memory = unlessRefused(() => attachMemory({ filePrefix, runtimeDir, lock: false }));
  if (memory instanceof MpError) return { files: [] };
  const paths = unlessRefused(() => pathsOf(memory, patient));
  memory.detach();
  if (paths instanceof MpError) return { files: [], problem: paths.message };
  return { files: [...new Set(paths)].map((path) => ({ path, exists: existsSync(path) })) };
}

function unlessRefused<T>(action: () => T): T | MpError {
  try {
    return action();
  } catch (error) {
    if (error instanceof MpError) return error;
    throw error;
  }
}

function pathsOf(memory: SharedMemory, { filePrefix, directory, primary }: Patient): string[] {
  const path = `${directory}/config`;
  const config = parseMemConfig(readFileSync(path), path);
  const pid = primary?.pid ?? 0;
  const { uid: owner } = statSync(path);
  const context = {
    runtimePath: directory,
    filePrefix,
    hugeDir: undefined,
    unlinked: false,
    pid,
    owner,
    config,
  };
  return memory.memsegs().flatMap(({ addr }) => {
    const at = Number(addr);
    const list = config.lists.find(({ base, length }) => base <= at && at < base + length);
    if (list === undefined || list.external) return [];
    return [pageFinderFor(list, context).place(list, (at - list.base) / list.pageSize).path];
  });
}

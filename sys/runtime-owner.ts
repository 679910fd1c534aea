import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MpError } from '../protocol/errors.js';
import { ignoringErrno } from './errors.js';

const OTHERS_MAY_WRITE = 0o002;
const ROOT = 0;

/** A directory of another user's. */
export interface ForeignDirectory {
  readonly path: string;
  readonly uid: number;
}

/** Whether files of this user are as trustworthy as this process's own. */
export function isTrustedOwner(uid: number): boolean {
  return uid === ROOT || uid === process.geteuid?.();
}

/**
 * Looks whether a runtime directory, or the one above it, belongs to another user and stands where every user may
 * write, such as /tmp. That user may have made it first, to be our peer or to lead us elsewhere with a link. Where
 * only the owner of a place may write, the owner has put there what it wanted. Returns `undefined` where all is well,
 * where there is no directory yet, and where it can't be seen (the call that needs it will fail).
 */
export function foreignDirectory(directory: string): ForeignDirectory | undefined {
  for (const path of [dirname(directory), directory]) {
    const parent = ignoringErrno(() => statSync(dirname(path)));
    if (parent === undefined || (parent.mode & OTHERS_MAY_WRITE) === 0) continue;
    const entry = ignoringErrno(() => lstatSync(path));
    if (entry !== undefined && !isTrustedOwner(entry.uid)) return { path, uid: entry.uid };
  }
  return undefined;
}

/** Throws `EACCES` for a {@link foreignDirectory}. */
export function refuseForeignDirectory(directory: string): void {
  const foreign = foreignDirectory(directory);
  if (foreign === undefined) return;
  const { path, uid } = foreign;
  throw new MpError(
    'EACCES',
    `${path} belongs to user ${uid}, in a directory that every user may write to, so any of them could have made it. ` +
      'Run as that user, or have all processes use a runtime directory in a place that only its owner may write to',
    { path },
  );
}

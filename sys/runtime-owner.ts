import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS_MAY_WRITE = 0o002;
const ROOT = 0;

/** A directory that somebody else may have put there. */
export interface ForeignDirectory {
  readonly path: string;
  readonly uid: number;
}

/** Whether files of this user are as good as our own. */
export function isTrustedOwner(uid: number): boolean {
  return uid === ROOT || uid === process.geteuid?.();
}

/**
 * Looks whether a runtime directory, or the one above it, is another user's in a place that everybody may write to, such as
 * /tmp: whoever made it first would be our peer, and could lead us elsewhere with a link. Where only its owner may write, he has
 * put there what he wanted. `undefined`: all is well, or nothing is there yet.
 */
export function foreignDirectory(directory: string): ForeignDirectory | undefined {
  for (const path of [dirname(directory), directory]) {
    const parent = look(statSync, dirname(path));
    if (parent === undefined || (parent.mode & OTHERS_MAY_WRITE) === 0) continue;
    const entry = look(lstatSync, path);
    if (entry !== undefined && !isTrustedOwner(entry.uid)) return { path, uid: entry.uid };
  }
  return undefined;
}

/** What can't be seen can't be used either: the call that needs it says so. */
function look(stat: (path: string) => Stats, path: string): Stats | undefined {
  try {
    return stat(path);
  } catch {
    return undefined;
  }
}

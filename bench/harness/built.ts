// The package as users have it, in dist/, for the process that is started anew.
import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { progress } from './progress.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = ['protocol', 'sys', 'shm', 'lib'];
const LIBRARY = join(ROOT, 'dist/lib/index.js');

/** The path of the built package, which is built if a source is newer. */
export async function builtLibrary(): Promise<string> {
  const newest = Math.max(...SOURCES.flatMap(filesIn).map(modified));
  if (modified(LIBRARY) < newest) {
    progress('npm run build');
    await promisify(execFile)('npm', ['run', 'build'], { cwd: ROOT });
  }
  return LIBRARY;
}

function filesIn(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(ROOT, folder, name));
}

/** 0 for a file that isn't there. */
function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

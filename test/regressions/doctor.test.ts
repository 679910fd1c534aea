// The doctor took a lock on a directory of another file system for one on the runtime directory, where both have the same
// inode number, and told the user to end whoever holds it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { diagnose } from '../../lib/doctor/diagnose.js';
import { openPrimary } from '../../lib/index.js';
import { FileLock } from '../../lib/sys/file-lock.js';

describe('regression: what the doctor takes for a lock of the runtime directory', () => {
  const MOST = 1_000;
  let root: string;
  const mounted: string[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'mp-'));
  });

  afterEach(() => {
    for (const path of mounted.splice(0)) spawnSync('umount', [path]);
    rmSync(root, { recursive: true });
  });

  /** A file system of its own, whose inodes are counted from 1. */
  function fileSystem(context: Mocha.Context, name: string): string {
    const path = `${root}/${name}`;
    mkdirSync(path);
    if (spawnSync('mount', ['-t', 'tmpfs', 'none', path]).status !== 0) context.skip();
    mounted.push(path);
    return path;
  }

  function directoryWithInode(folder: string, inode: number): string {
    for (let i = 0; i < MOST; i++) {
      mkdirSync(`${folder}/${i}`);
      if (statSync(`${folder}/${i}`).ino === inode) return `${folder}/${i}`;
    }
    throw new RangeError(`Inode ${inode} is none of the first ${MOST}.`);
  }

  it('is none of another file system', async function () {
    const [runtimeDir, elsewhere] = [fileSystem(this, 'runtime'), fileSystem(this, 'elsewhere')];
    const filePrefix = 'locked';
    const primary = await openPrimary({ runtimeDir, filePrefix });
    const idsFound = async () => (await diagnose({ runtimeDir, filePrefix })).findings.map(({ id }) => id);
    const { ino } = statSync(`${runtimeDir}/${filePrefix}`);
    const other = FileLock.tryLock(directoryWithInode(elsewhere, ino), 'exclusive');
    try {
      expect(await idsFound()).not.to.include('directory-locked');
      const own = FileLock.tryLock(`${runtimeDir}/${filePrefix}`, 'exclusive');
      expect(await idsFound()).to.include('directory-locked');
      if (typeof own === 'object') own.release();
    } finally {
      if (typeof other === 'object') other.release();
      await primary.close();
    }
  });
});

// What the doctor must not report: locks of other directories, secondaries that ended meanwhile; and a damaged config, which it must.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { FileLock } from '../../../sys/file-lock.js';
import { peersSilent } from '../../../tools/doctor/checks/secondaries.js';
import { diagnose } from '../../../tools/doctor/diagnose.js';
import { targetOf } from '../../../tools/doctor/doctor-check.js';
import { StageScope } from '../../support/stage.js';

describe('doctor: a lock on the runtime directory', () => {
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

  /** Mounts a new file system, whose inodes are counted from 1. */
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
    throw new RangeError(`Inode ${inode} isn't one of the first ${MOST}.`);
  }

  it('is not confused with a lock on a directory of the same inode number in another file system', async function () {
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

describe('doctor: what it reads changes or is damaged', () => {
  const scope = new StageScope();
  /** offsetof(struct rte_mem_config, memzones.name) of 24.11 */
  const MEMZONES = 48;

  it('reports memory-unusable for a damaged config', async () => {
    const { options, directory } = scope.stage;
    await scope.keep(openPrimary({ ...options, memory: { hugepages: 0, version: '24.11.0' } }));
    const config = openSync(`${directory}/config`, 'r+');
    writeSync(config, 'xemzone', MEMZONES);
    closeSync(config);
    const { findings } = await diagnose(options);
    expect(findings.map(({ id }) => id)).to.deep.equal(['memory-unusable']);
  });

  it('does not report a secondary that ends meanwhile as silent', async () => {
    const { options } = scope.stage;
    await scope.keep(openPrimary(options));
    const secondary = await scope.keep(openSecondary(options));
    const target = targetOf({ ...options, env: {}, uid: 0, timeoutMs: 1_000 });
    expect(target.inspection?.secondaries.alive).to.have.length(1);
    await secondary.close();
    expect(await peersSilent(target)).to.equal(undefined);
  });
});

// Starts of primaries with memory: what is in the way, what breaks them off, who was there before.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { CreatedMemory } from '../../../shm/primary/created-memory.js';
import { type PrimaryMemoryOptions, planMemory } from '../../../shm/primary/options.js';
import { interposed } from '../../faults/support/fault-plan.js';
import { freeHugepages } from '../../support/dpdk/hugepages.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { rejected, thrown } from '../../support/mp-error.js';
import { StageScope } from '../../support/stage.js';
import { primaryStage } from './support/stage.js';

const MEMORY = { hugepages: 0, pageSize: 4096, version: '24.11.0' };

describe('primary: starting', () => {
  const scope = new StageScope();

  function open(memory: Partial<PrimaryMemoryOptions> = {}, signal?: AbortSignal) {
    return scope.keep(openPrimary({ ...scope.stage.options, signal, memory: { ...MEMORY, ...memory } }));
  }

  for (const room of [16, 64, 256, 512]) {
    it(`rejects with ENOSPC on a file system of ${room} KiB, and leaves nothing`, async function () {
      const { runtimeDir, directory } = scope.stage;
      const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${room}k`, 'none', runtimeDir]);
      if (mount.status !== 0) this.skip();
      try {
        mkdirSync(directory, { mode: 0o700 });
        await rejected('ENOSPC', open());
        expect(existsSync(directory)).to.equal(false);
      } finally {
        spawnSync('umount', [runtimeDir]);
      }
    });
  }

  for (const name of ['config', 'fbarray_memzone', 'hugepage_info']) {
    it(`rejects with ELOOP when ${name} is a symbolic link, and leaves its target alone`, async () => {
      const { directory, runtimeDir } = scope.stage;
      const target = `${runtimeDir}/target`;
      writeFileSync(target, 'mine');
      symlinkSync(target, `${directory}/${name}`);
      await rejected('ELOOP', open());
      expect(readFileSync(target, 'utf8')).to.equal('mine');
      unlinkSync(`${directory}/${name}`);
    });
  }

  it('rejects with ENOTDIR when the directory of its pages is a symbolic link', async () => {
    const { directory, runtimeDir } = scope.stage;
    mkdirSync(`${runtimeDir}/elsewhere`);
    symlinkSync(`${runtimeDir}/elsewhere`, `${directory}/pages`);
    await rejected('ENOTDIR', open());
    expect(readdirSync(`${runtimeDir}/elsewhere`)).to.deep.equal([]);
    unlinkSync(`${directory}/pages`);
  });

  for (const worker of [false, true]) {
    it(`rejects with ECANCELED when it is aborted meanwhile, ${worker ? 'with' : 'without'} a worker`, async () => {
      const abort = new AbortController();
      const opening = open({ worker }, abort.signal);
      setImmediate(() => abort.abort());
      await rejected('ECANCELED', opening);
      expect(existsSync(scope.stage.directory)).to.equal(false);
    });
  }

  it('leaves nothing when its worker does not start', async () => {
    const failing = (name: string) => (name === 'socketpair' ? 'EMFILE' : undefined);
    await interposed(failing, async () => void (await rejected('EMFILE', open({ worker: true }))));
    expect(existsSync(scope.stage.directory)).to.equal(false);
  });

  it('rejects with EADDRINUSE when a primary holds the lock, although its socket is gone', async () => {
    const { directory } = scope.stage;
    const first = await open();
    renameSync(`${directory}/mp_socket`, `${directory}/elsewhere`);
    await rejected('EADDRINUSE', open());
    first.memory.reserve('STILL_MINE', 64);
    renameSync(`${directory}/elsewhere`, `${directory}/mp_socket`);
  });
});

// a killed primary's hugepages are free once its successor has removed its files
describe('primary: starting after one that was killed', () => {
  const stage = primaryStage('again');

  before(async function () {
    await needsDpdk(this, { hugepages: 8 });
  });

  it('gets the hugepages of the dead one when no others are left', async () => {
    const most = Math.floor(freeHugepages() / 2) + 1;
    const child = await stage().process(false, most);
    child.kill('SIGKILL');
    await child.exited;
    expect(freeHugepages()).to.be.below(most);
    await stage().primary({ hugepages: most });
  });
});

describe('primary: starting while another one ends', () => {
  const scope = new StageScope();
  const MEMORY = { hugepages: 0, version: '24.11.0' };
  const TSC_HZ = 1_000_000_000;

  // never EBUSY, which speaks of secondaries that outlive their primary
  it('rejects with EADDRINUSE until the other one has removed its files, then starts', async () => {
    const { options, directory } = scope.stage;
    const first = await openPrimary({ ...options, memory: MEMORY });
    const plan = planMemory(MEMORY);
    const refused: string[] = [];
    let successor: CreatedMemory | undefined;
    let isTrying = false;
    const attempt = () => {
      if (isTrying || successor !== undefined) return;
      isTrying = true;
      try {
        successor = CreatedMemory.create(directory, plan, TSC_HZ);
      } catch (error) {
        refused.push(
          thrown(() => {
            throw error;
          }).code,
        );
      }
      isTrying = false;
    };
    await interposed(
      (name) => {
        if (name === 'flock') attempt();
        return undefined;
      },
      () => first.close(),
    );
    const isThere = existsSync(`${directory}/fbarray_memzone`);
    successor?.close();
    expect(refused).to.include('EADDRINUSE');
    expect(new Set(refused)).to.have.length(1);
    expect(isThere).to.equal(successor !== undefined);
  });
});

// Starts of primaries with memory: in a full file system they ended with SIGBUS, links in the runtime directory were
// followed and what they led to was overwritten, a start that was aborted or failed late left files behind.
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
import { openPrimary } from '../../lib/index.js';
import type { PrimaryMemoryOptions } from '../../shm/primary/options.js';
import { interposed } from '../faults/support/fault-plan.js';
import { rejected } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

const MEMORY = { hugepages: 0, pageSize: 4096, version: '24.11.0' };

describe('regression: starts of a primary with memory', () => {
  const scope = new StageScope();

  function open(memory: Partial<PrimaryMemoryOptions> = {}, signal?: AbortSignal) {
    return scope.keep(openPrimary({ ...scope.stage.options, signal, memory: { ...MEMORY, ...memory } }));
  }

  for (const room of [16, 64, 256, 512]) {
    it(`says that there are only ${room} KiB of room`, async function () {
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
    it(`follows no link in the place of ${name}`, async () => {
      const { directory, runtimeDir } = scope.stage;
      const treasure = `${runtimeDir}/treasure`;
      writeFileSync(treasure, 'mine');
      symlinkSync(treasure, `${directory}/${name}`);
      await rejected('ELOOP', open());
      expect(readFileSync(treasure, 'utf8')).to.equal('mine');
      unlinkSync(`${directory}/${name}`);
    });
  }

  it('puts no pages where a link leads', async () => {
    const { directory, runtimeDir } = scope.stage;
    mkdirSync(`${runtimeDir}/elsewhere`);
    symlinkSync(`${runtimeDir}/elsewhere`, `${directory}/pages`);
    await rejected('ENOTDIR', open());
    expect(readdirSync(`${runtimeDir}/elsewhere`)).to.deep.equal([]);
    unlinkSync(`${directory}/pages`);
  });

  for (const worker of [false, true]) {
    it(`is aborted while it starts, ${worker ? 'with' : 'without'} a worker`, async () => {
      const abort = new AbortController();
      const opening = open({ worker }, abort.signal);
      setImmediate(() => abort.abort());
      await rejected('ECANCELED', opening);
      expect(existsSync(scope.stage.directory)).to.equal(false);
    });
  }

  it('leaves nothing where its worker does not start', async () => {
    const failing = (name: string) => (name === 'socketpair' ? 'EMFILE' : undefined);
    await interposed(failing, async () => void (await rejected('EMFILE', open({ worker: true }))));
    expect(existsSync(scope.stage.directory)).to.equal(false);
  });

  it('knows a primary by its lock, whose socket is gone', async () => {
    const { directory } = scope.stage;
    const first = await open();
    renameSync(`${directory}/mp_socket`, `${directory}/elsewhere`);
    await rejected('EADDRINUSE', open());
    first.memory.reserve('STILL_MINE', 64);
    renameSync(`${directory}/elsewhere`, `${directory}/mp_socket`);
  });
});

// The files of pages: whose they are, where they are, and when they aren't there.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { attachMemory } from '../../../shm/index.js';
import { interposed } from '../../faults/support/fault-plan.js';
import { expectError } from '../../support/mp-error.js';
import { StageScope } from '../../support/stage.js';
import { LIST_BASE } from '../support/image.js';
import { addPage, type FakeRuntime, makeRuntime, pretendAlive } from '../support/runtime.js';

const NOBODY = 65534;

describe('shm: page files', () => {
  let runtime: FakeRuntime;
  let release: () => void;

  beforeEach(() => {
    runtime = makeRuntime({ zones: [{ name: 'ONE', addr: LIST_BASE, len: 64 }], pages: [0] });
    release = pretendAlive(runtime);
  });

  afterEach(() => {
    release();
    runtime.remove();
  });

  const attach = () => {
    const { runtimeDir, filePrefix, hugeDir } = runtime;
    return attachMemory({ runtimeDir, filePrefix, hugeDir, writable: true });
  };

  it('throws EACCES for a pipe in the place of a page file, and does not wait for it', () => {
    const page = `${runtime.hugeDir}/fakemap_0`;
    unlinkSync(page);
    expect(spawnSync('mkfifo', [page]).status).to.equal(0);
    using memory = attach();
    expect(() => memory.lookup('ONE')?.bytes)
      .to.throw()
      .with.property('code', 'EACCES');
  });

  // else the owner of a primary could make root write to any file
  it("throws EACCES for files that don't belong to the primary's owner", function () {
    if (process.getuid?.() !== 0) this.skip();
    for (const name of readdirSync(runtime.path)) chownSync(`${runtime.path}/${name}`, NOBODY, NOBODY);
    using memory = attach(); // root's page file, for a primary of NOBODY
    expect(() => memory.lookup('ONE')?.bytes)
      .to.throw()
      .with.property('code', 'EACCES');
    chownSync(addPage(runtime, 0), NOBODY, NOBODY);
    expect(memory.lookup('ONE')?.bytes).to.have.lengthOf(64);
  });
});

describe('shm: a page file that is missing', () => {
  // a primary may have removed it and be about to make it again
  it('is opened again', async () => {
    const runtime = makeRuntime({ zones: [{ name: 'ONE', addr: LIST_BASE, len: 64 }], pages: [0] });
    const release = pretendAlive(runtime);
    const { runtimeDir, filePrefix, hugeDir } = runtime;
    const memory = attachMemory({ runtimeDir, filePrefix, hugeDir });
    memory.memsegs(); // opens the other files
    let [opened, length] = [0, 0];
    await interposed(
      (name) => (name === 'openSync' && opened++ < 2 ? 'ENOENT' : undefined),
      () => {
        length = memory.lookup('ONE')?.bytes.length ?? 0;
      },
    );
    memory.detach();
    release();
    runtime.remove();
    expect({ opened, length }).to.deep.equal({ opened: 3, length: 64 });
  });

  it('is opened once, and ENOTSUP thrown, where its directory is missing', async () => {
    const runtime = makeRuntime({ zones: [{ name: 'ONE', addr: LIST_BASE, len: 64 }], pages: [0] });
    const release = pretendAlive(runtime);
    const { runtimeDir, filePrefix, hugeDir } = runtime;
    const memory = attachMemory({ runtimeDir, filePrefix, hugeDir: `${hugeDir}-elsewhere` });
    memory.memsegs(); // opens the other files
    let opened = 0;
    await interposed(
      (name) => {
        if (name === 'openSync') opened++;
        return undefined;
      },
      () => {
        expectError('ENOTSUP', () => memory.lookup('ONE')?.bytes);
      },
    );
    memory.detach();
    release();
    runtime.remove();
    expect(opened).to.equal(1);
  });
});

describe('shm: a page directory whose name is not ASCII', () => {
  const scope = new StageScope();

  it('has its pages mapped', async () => {
    const hugeDir = `${scope.stage.runtimeDir}/Jürgens Gedächtnis 内存`;
    mkdirSync(hugeDir);
    const { options } = scope.stage;
    const memory = { hugepages: 0, hugeDir, version: '24.11.0' };
    const primary = await scope.keep(openPrimary({ ...options, memory }));
    primary.memory.reserve('ZONE', 64).bytes.fill(7);
    using attached = attachMemory(options);
    expect(attached.lookup('ZONE')?.bytes[63]).to.equal(7);
  });
});

// A page file was mapped whoever it belonged to: the owner of a primary could have root write to any file. Opening a pipe in the
// place of one blocked the thread for good.
import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync, unlinkSync } from 'node:fs';
import { expect } from 'chai';
import { attachMemory } from '../../shm/index.js';
import { LIST_BASE } from '../shm/support/image.js';
import { addPage, type FakeRuntime, makeRuntime, pretendAlive } from '../shm/support/runtime.js';

const NOBODY = 65534;

describe('regression: page files', () => {
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

  it('a page that is a pipe is not waited for, nor mapped', () => {
    const page = `${runtime.hugeDir}/fakemap_0`;
    unlinkSync(page);
    expect(spawnSync('mkfifo', [page]).status).to.equal(0);
    using memory = attach();
    expect(() => memory.lookup('ONE')?.bytes)
      .to.throw()
      .with.property('code', 'EACCES');
  });

  it("files that are not the primary's owner's are not mapped", function () {
    if (process.getuid?.() !== 0) this.skip();
    for (const name of readdirSync(runtime.path)) chownSync(`${runtime.path}/${name}`, NOBODY, NOBODY);
    using memory = attach(); // as root, in a place that only its owner may write to
    expect(() => memory.lookup('ONE')?.bytes)
      .to.throw()
      .with.property('code', 'EACCES');
    chownSync(addPage(runtime, 0), NOBODY, NOBODY);
    expect(memory.lookup('ONE')?.bytes).to.have.lengthOf(64);
  });
});

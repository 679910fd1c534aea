// How Node primaries with shared memory start and end.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { findHugepages } from '../../support/dpdk/hugepages.js';
import { CPeer } from '../../support/dpdk/peer.js';
import { cleanPrefix, leftovers, uniquePrefix } from '../../support/dpdk/prefix.js';
import { expectError, rejected } from '../../support/mp-error.js';
import { zoneOf } from '../support/live-memory.js';
import { did, primaryStage } from './support/stage.js';

describe('primary: lifecycle', () => {
  const stage = primaryStage('life');

  function pageFiles(): string[] {
    const { dir = '' } = findHugepages() ?? {};
    return readdirSync(dir).filter((name) => name.startsWith(`${stage().live.filePrefix}map_`));
  }

  it('refuses a second primary: Node after Node, C after Node, Node after C', async () => {
    const first = await stage().primary();
    await rejected('EADDRINUSE', stage().primary());
    const c = await stage().live.startPrimary({ untilReady: false });
    await c.waitFor(/^FAILED /, 90_000);
    first.memory.reserve('STILL_MINE', 64);
    stage().expectWhole();
    await first.close();
    await stage().live.startPrimary();
    const config = readFileSync(`${stage().live.runtimeDir}/config`);
    await rejected('EADDRINUSE', stage().primary());
    expect(readFileSync(`${stage().live.runtimeDir}/config`)).to.have.length(config.length);
  });

  it('starts over the files of a killed Node primary, and of a killed C primary', async () => {
    const child = await stage().process();
    const pages = pageFiles();
    expect(pages).to.have.length(2);
    child.kill('SIGKILL');
    await child.exited;
    expect(pageFiles()).to.have.members(pages);
    const second = await stage().primary();
    expect(second.memory.lookup('SHARED')).to.equal(undefined);
    expect(pageFiles()).to.have.length(2);
    const secondary = await stage().secondary();
    await did(secondary, 'reserve NEW 4096');
    stage().expectWhole();
    await secondary.quit();
    await second.close();
    const c = await stage().live.startPrimary();
    c.kill('SIGKILL');
    await c.exited;
    const third = await stage().primary();
    expect(third.memory.memzones()).to.deep.equal([]);
    stage().expectWhole();
  });

  it('throws ETIMEDOUT when a secondary died with a lock, and starts again without it', async () => {
    const first = await stage().primary({ lockTimeoutMs: 300 });
    first.memory.reserve('WALKED', 64);
    const secondary = await stage().secondary();
    await secondary.command('hold');
    secondary.kill('SIGKILL');
    await secondary.exited;
    const { message } = expectError('ETIMEDOUT', () => first.memory.reserve('LATE', 64));
    expect(message).to.include('mlock').and.to.include('died with the lock');
    await first.close();
    const second = await stage().primary();
    second.memory.reserve('ANEW', 64);
  });

  it('leaves its place to a C primary once it has closed', async () => {
    const first = await stage().primary();
    first.memory.reserve('GONE', 4096);
    await first.close();
    expect(pageFiles()).to.deep.equal([]);
    await stage().live.startPrimary();
    const secondary = await stage().secondary();
    expect((await secondary.command('lookup GONE')).fields).to.include({ errno: 'ENOENT' });
    await secondary.quit();
  });

  it('rejects with EBUSY while secondaries of a killed primary live, and leaves their files alone', async () => {
    const child = await stage().process();
    const secondary = await stage().secondary();
    child.kill('SIGKILL');
    await child.exited;
    const before = readFileSync(`${stage().live.runtimeDir}/config`);
    await rejected('EBUSY', stage().primary());
    expect(readFileSync(`${stage().live.runtimeDir}/config`).equals(before)).to.equal(true);
    const peek = await did(secondary, 'peek SHARED 0 4');
    expect(peek.hex).to.equal('a5a5a5a5');
    secondary.kill('SIGKILL');
    await secondary.exited;
    const next = await stage().primary();
    expect(next.memory.memzones()).to.deep.equal([]);
  });

  it('keeps its page files while a C primary of another prefix starts', async () => {
    const { memory } = await stage().primary();
    const pages = pageFiles();
    const { live } = stage();
    const other = uniquePrefix('other');
    live.peers.defer(() => cleanPrefix(other));
    const c = await CPeer.start({ role: 'primary', filePrefix: other, bigZone: false });
    live.peers.defer(() => c[Symbol.asyncDispose]());
    expect(pageFiles()).to.have.members(pages);
    await c.quit();
    expect(memory.reserve('AFTER', 64).valid).to.equal(true);
  });

  for (const end of ['closed', 'left open', 'still closing'] as const) {
    it(`removes its files when the process ends, its channel ${end}`, async () => {
      const child = await stage().process(end === 'still closing');
      if (end === 'closed') child.endInput();
      else child.send(end === 'left open' ? 'exit' : 'close and exit');
      await child.exited;
      expect(pageFiles()).to.deep.equal([]);
      const left = readdirSync(stage().live.runtimeDir);
      expect(left).to.have.members(['config', 'hugepage_info']);
    });
  }

  it('finds and frees zones by name up to the end of the table', async () => {
    const { memory } = await stage().primary();
    for (let i = 0; i < 2560; i++) memory.reserve(`zone_${i}`, 64);
    expect(() => memory.reserve('one_more', 64))
      .to.throw()
      .with.property('code', 'ENOSPC');
    const secondary = await stage().secondary();
    expect(await did(secondary, 'lookup zone_2559')).to.include({ len: '64' });
    for (let i = 0; i < 2560; i++) memory.free(zoneOf(memory, `zone_${i}`));
    await secondary.quit();
    stage().expectWhole();
  }).timeout(60_000);
});

describe('primary: a start that fails', () => {
  const stage = primaryStage('fails');
  const cases = [
    ['EINVAL', { hugepages: -1 }],
    ['EINVAL', { hugepages: true }],
    ['EINVAL', { hugepages: 2.5 }],
    ['EINVAL', { version: '22.11' }],
    ['EINVAL', { version: 'latest' }],
    ['EINVAL', { version: '' }],
    ['EINVAL', { version: '22.11.256' }],
    ['EINVAL', { version: '22.13.1' }],
    ['EINVAL', { version: ['22.11.11'] as never }],
    ['EVERSION', { version: '18.11.0' }],
    ['EVERSION', { version: '27.11.0' }],
    ['EINVAL', { pageSize: 3 }],
    ['EINVAL', { pageSize: 2 ** 40 }],
    ['EINVAL', { pageSize: '4096' as never, hugepages: 0 }],
    ['EINVAL', { pageSize: Number.NaN }],
    ['ENOTSUP', { pageSize: 2 ** 34 }],
    ['ENOENT', { hugeDir: '/nowhere' }],
    ['EINVAL', { hugeDir: '' }],
    ['EINVAL', { hugeDir: 5 as never }],
    ['EINVAL', { hugeDir: '/etc/passwd' }],
    ['ENOTSUP', { hugeDir: `${findHugepages()?.dir ?? '/tmp'}/..` }],
    ['ENOTSUP', { hugeDir: '/tmp' }],
    ['ENOMEM', { hugepages: 8192 }],
    ['EINVAL', { tscHz: 1 }],
    ['EINVAL', { tailqs: ['', 'x'] }],
    ['EINVAL', { tailqs: ['A', 'B', 'C'] }],
    ['EINVAL', { lockTimeoutMs: -1 }],
    ['EINVAL', { worker: 'yes' as never }],
  ] as const;
  for (const [code, memory] of cases) {
    it(`rejects with ${code} for ${JSON.stringify(memory)}, and makes nothing`, async () => {
      const error = await rejected(code, stage().primary(memory as object));
      expect(error.message).to.match(/give|known|mount|reserve|free/i);
      expect(leftovers(stage().live.filePrefix)).to.deep.equal([]);
    });
  }

  it('rejects options that exclude memory', async () => {
    const memory = { hugepages: 0, version: '22.11.11' };
    const { filePrefix } = stage().live;
    await rejected('EINVAL', openPrimary({ filePrefix, memory, dialect: '340/253' }));
    await rejected('EINVAL', openPrimary({ filePrefix, memory, socketNamespace: 'abstract' }));
    await rejected('EINVAL', openPrimary({ filePrefix, memory: null as never }));
    expect(leftovers(filePrefix)).to.deep.equal([]);
  });

  it('leaves nothing when it fails half-way', async () => {
    const { live } = stage();
    // a directory is in the place of the first page's file
    mkdirSync(`${live.runtimeDir}/pages/${live.filePrefix}map_0/x`, { recursive: true });
    const before = readdirSync(live.runtimeDir, { recursive: true });
    expect((await rejected('EISDIR', stage().primary({ hugepages: 0 }))).path).to.contain('map_0');
    expect(readdirSync(live.runtimeDir, { recursive: true })).to.have.members(before);
  });

  it('leaves other files in the runtime directory alone', async () => {
    const { live } = stage();
    mkdirSync(live.runtimeDir, { recursive: true });
    writeFileSync(`${live.runtimeDir}/notes`, 'mine');
    await rejected('EINVAL', stage().primary({ hugepages: -1 }));
    await (await stage().primary({ hugepages: 0 })).close();
    expect(existsSync(`${live.runtimeDir}/notes`)).to.equal(true);
  });
});

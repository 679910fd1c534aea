// The releases of DPDK that the tests use: which there are, how they are unpacked, and that peers run with their own libraries.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { live } from '../live/support/live.js';
import { ALL_RELEASES, describeReleases, releasesIn } from '../support/dpdk/releases.js';
import { unpackCommand, unpackedDir, unpackedVersion } from '../support/dpdk/unpacked.js';

describeReleases('matrix: peers', (release) => {
  const scope = live('peers', { release });

  it('run with the libraries of their release, in the process that was started', async () => {
    const primary = await scope.startPrimary();
    const ready = primary.lines.find(({ event }) => event === 'READY');
    expect(ready?.fields.version).to.match(new RegExp(`^DPDK ${release}\\.`));
    expect(ready?.fields.pid).to.equal(String(primary.pid));
    const maps = readFileSync(`/proc/${primary.pid}/maps`, 'utf8');
    const libraries = new Set(maps.match(/\/\S+\.so[.\d]*$/gm));
    const isUnpacked = (path: string) => path.startsWith(`${unpackedDir(release)}/`);
    const unpacked = [...libraries].filter(isUnpacked).length;
    expect(libraries.size).to.be.greaterThan(3);
    expect([0, libraries.size]).to.include(unpacked);
  });
});

describe('matrix: which releases', () => {
  it('are all, unless DPDK_IPC_RELEASES names some', () => {
    expect(releasesIn(undefined)).to.deep.equal(ALL_RELEASES);
    expect(releasesIn('')).to.deep.equal(ALL_RELEASES);
    expect(releasesIn('25.11, 22.11')).to.deep.equal(['22.11', '25.11']);
    expect(() => releasesIn('22.11,23.11')).to.throw(/23\.11.*22\.11,24\.11,25\.11/);
  });
});

describe('matrix: an unpacked release', () => {
  const { DPDK_IPC_CACHE } = process.env;
  let cache: string;

  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'dpdk-ipc-cache-'));
    process.env.DPDK_IPC_CACHE = cache;
  });

  afterEach(() => {
    delete process.env.DPDK_IPC_CACHE;
    if (DPDK_IPC_CACHE !== undefined) process.env.DPDK_IPC_CACHE = DPDK_IPC_CACHE;
    rmSync(cache, { recursive: true });
  });

  /** Makes the directory of an unpacked release. */
  function unpacked(version: string): void {
    mkdirSync(unpackedDir('24.11'));
    writeFileSync(join(unpackedDir('24.11'), '.dpdk-version'), `${version}\n`);
  }

  it('counts once it is complete, and of that release', () => {
    expect(unpackedVersion('24.11')).to.equal(undefined);
    unpacked('24.11.8');
    expect(unpackedVersion('24.11')).to.equal('24.11.8');
    rmSync(unpackedDir('24.11'), { recursive: true });
    unpacked('24.1.1');
    expect(unpackedVersion('24.11')).to.equal(undefined);
  });

  it('is not unpacked again', () => {
    unpacked('24.11.8');
    const [file = '', ...args] = unpackCommand('24.11');
    execFileSync(file, args, { stdio: 'ignore', env: { PATH: process.env.PATH } });
    expect(unpackedVersion('24.11')).to.equal('24.11.8');
  });

  it('leaves nothing when it can not be downloaded', () => {
    const [file = '', ...args] = unpackCommand('24.11');
    const env = { ...process.env, DPDK_IPC_DEBIAN_MIRROR: `file://${cache}/nothing` };
    const { status, stderr } = spawnSync(file, args, { encoding: 'utf8', env });
    expect(status).to.equal(1);
    expect(stderr).to.match(/^unpack-dpdk: /m);
    expect(execFileSync('ls', ['-A', cache], { encoding: 'utf8' })).to.equal('');
  });
});

// Zones and pages that come and go; primaries that end and restart.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { attachMemory } from '../../../shm/attach/attach.js';
import { findHugepages } from '../../support/dpdk/hugepages.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { type PeerScope, peersFor } from '../../support/dpdk/peers-for.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { expectError } from '../../support/mp-error.js';
import { attachLive, patternErrors, zoneOf } from '../support/live-memory.js';

const SIX_MB = 6_000_000;

describeReleases('shm: memory that comes and goes', (release) => {
  const scope = peersFor('shm-hotplug', 'test', release);

  before(async function () {
    await needsDpdk(this, { release, hugepages: 16 });
  });

  const modes: readonly [string, readonly string[]][] = [
    ['a file for each page', []],
    // physical addresses are the same again, too: only the files show the change
    ['a file for each page, --iova-mode=va', ['--iova-mode=va']],
    ['--single-file-segments', ['--single-file-segments']],
    ['--single-file-segments, --iova-mode=va', ['--single-file-segments', '--iova-mode=va']],
  ];
  for (const [mode, args] of modes) {
    it(`M18: finds a zone that made the memory grow later (${mode})`, async () => {
      const primary = await scope.start({ role: 'primary', bigZone: false, args });
      const memory = attachLive(scope);
      const pages = memory.memsegs().length;
      expect(memory.lookup('LATE')).to.equal(undefined);
      await primary.command(`reserve LATE ${SIX_MB}`);
      await primary.command('fill LATE 5');
      const zone = zoneOf(memory, 'LATE');
      expect(memory.memsegs().length).to.be.greaterThan(pages);
      expect(patternErrors(zone.bytes, 5)).to.equal(0);
    });

    it(`M19: a freed zone is gone, and its old view throws ESTALE (${mode})`, async () => {
      const primary = await scope.start({ role: 'primary', bigZone: false, args });
      const memory = attachLive(scope);
      await primary.command(`reserve LATE ${SIX_MB}`);
      const zone = zoneOf(memory, 'LATE');
      expect(zone.bytes.length).to.be.at.least(SIX_MB);
      expect(zone.valid).to.equal(true);
      await primary.command('free LATE');
      expect(zone.valid).to.equal(false);
      expectError('ESTALE', () => zone.bytes);
      expectError('ESTALE', () => zone.share());
      expectError('ESTALE', () => memory.snapshot(zone));
      expect(memory.lookup('LATE')).to.equal(undefined);
      expect(zoneOf(memory, 'SHARED_INFO').valid).to.equal(true);
    });

    it(`M20: a zone reserved again has new bytes, and the old view is stale (${mode})`, async () => {
      const primary = await scope.start({ role: 'primary', bigZone: false, args });
      const memory = attachLive(scope);
      await primary.command(`reserve AGAIN ${SIX_MB}`);
      await primary.command('fill AGAIN 1');
      const old = zoneOf(memory, 'AGAIN');
      const kept = old.bytes;
      expect(patternErrors(kept, 1)).to.equal(0);
      await primary.command('free AGAIN');
      const { fields } = await primary.command(`reserve AGAIN ${SIX_MB}`);
      await primary.command('fill AGAIN 2');
      const fresh = zoneOf(memory, 'AGAIN');
      expect(fresh.addr).to.equal(BigInt(fields.addr ?? 0));
      expect(patternErrors(fresh.bytes, 2)).to.equal(0);
      if (args.includes('--single-file-segments')) {
        // the kernel fills the hole in the file again: the old pages are the new ones
        expect(patternErrors(kept, 2)).to.equal(0);
        expect(old.valid).to.equal(args.includes('--iova-mode=va'));
      } else {
        expect(kept.every((byte) => byte === 0)).to.equal(true); // no crash
        expectError('ESTALE', () => old.bytes);
      }
    });
  }

  it('M21: a reader delays no growth and leaves no files', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const memory = attachLive(scope);
    const before = pageFiles(scope);
    for (let i = 0; i < 5; i++) {
      const { fields } = await primary.command(`reserve LATE ${SIX_MB}`);
      expect(fields.name, primary.describe()).to.equal('LATE');
      expect(fields.ret).to.equal(undefined);
      expect(zoneOf(memory, 'LATE').bytes.length).to.be.at.least(SIX_MB);
      expect((await primary.command('free LATE')).fields.ret).to.equal('0');
      expect(pageFiles(scope)).to.deep.equal(before);
    }
    expect(flocks()).to.deep.equal([]);
    expect(readdirSync(scope.runtimeDir).filter((name) => name.startsWith('mp_socket_'))).to.deep.equal([]);
  });

  it('sync gives up freed pages without taking a lock', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const memory = attachLive(scope);
    await primary.command(`reserve LATE ${SIX_MB}`);
    const kept = zoneOf(memory, 'LATE').bytes;
    await primary.command('free LATE');
    expect(memory.pinnedBytes).to.equal(0);
    memory.sync();
    expect(memory.pinnedBytes).to.be.at.least(SIX_MB);
    expect(kept[SIX_MB - 1]).to.equal(0);
  });
});

describeReleases('shm: a primary that ends', (release) => {
  const scope = peersFor('shm-restart', 'test', release);

  before(async function () {
    await needsDpdk(this, { release, hugepages: 16 });
  });

  it('M1: recognizes a living primary by its lock', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    attachLive(scope);
    const locks = readFileSync('/proc/locks', 'utf8').split('\n');
    const start = locks.find((line) => line.includes('POSIX') && line.includes(` ${primary.pid} `));
    // layout family A or B
    expect(start).to.match(release === '22.11' ? / 136 17543$/ : / 144 17551$/);
  });

  it('M2: a killed primary is dead although its magic is valid; its memory needs stale: true', async () => {
    const primary = await scope.start({ role: 'primary' });
    const memory = attachLive(scope);
    const zone = zoneOf(memory, 'BIG');
    const { bytes } = zone;
    primary.kill('SIGKILL');
    await primary.exited;
    expectError('ENOPRIMARY', () => memory.lookup('BIG'));
    expectError('ENOPRIMARY', () => memory.snapshot(zone));
    expectError('ENOPRIMARY', () => attachLive(scope));
    expect(zone.valid).to.equal(false);
    expect(patternErrors(bytes)).to.equal(0);
    const leftover = attachLive(scope, { stale: true });
    expect(patternErrors(zoneOf(leftover, 'BIG').bytes)).to.equal(0);
    expect(leftover.snapshot(zoneOf(leftover, 'BIG')).length).to.equal(5 << 20);
  });

  it('M22: a primary can restart while a reader is attached, which then gets ERESTARTED', async () => {
    const first = await scope.start({ role: 'primary' });
    const memory = attachLive(scope);
    const zone = zoneOf(memory, 'BIG');
    const { bytes } = zone;
    first.kill('SIGKILL');
    await first.exited;
    const second = await scope.start({ role: 'primary' });
    await second.command('fill BIG 77');
    expectError('ERESTARTED', () => memory.lookup('BIG'));
    expectError('ERESTARTED', () => memory.view(zone.addr, 8));
    expectError('ERESTARTED', () => memory.memsegs());
    expectError('ERESTARTED', () => zone.bytes);
    expect(zone.valid).to.equal(false);
    memory.sync(); // does nothing
    expect(patternErrors(bytes)).to.equal(0); // the dead primary's pages, not the new one's
    expect(patternErrors(zoneOf(attachLive(scope), 'BIG').bytes, 77)).to.equal(0);
  });

  it('M33: two readers and a C secondary see each other, and outlive the primary', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const secondary = await scope.start({ role: 'secondary', core: 1 });
    const [one, two] = [attachLive(scope), attachLive(scope)].map(
      (memory) => zoneOf(memory, 'SHARED_INFO').bytes,
    );
    if (one === undefined || two === undefined) throw new Error('two were attached');
    one[200] = 11;
    two[201] = 12;
    await secondary.command('poke SHARED_INFO 202 0d');
    for (const peer of [primary, secondary]) {
      expect((await peer.command('peek SHARED_INFO 200 3')).fields.hex).to.equal('0b0c0d');
    }
    expect([...one.subarray(200, 203), ...two.subarray(200, 203)]).to.deep.equal([11, 12, 13, 11, 12, 13]);
    primary.kill('SIGKILL');
    await primary.exited;
    one[203] = 14;
    expect(two[203]).to.equal(14);
    expect((await secondary.command('peek SHARED_INFO 203 1')).fields.hex).to.equal('0e');
  });

  it('M32: another user gets EACCES with the path', async () => {
    await scope.start({ role: 'primary', bigZone: false });
    process.seteuid?.(65_534);
    try {
      const error = expectError('EACCES', () => attachMemory({ filePrefix: scope.filePrefix }));
      expect(error.path).to.equal(`${scope.runtimeDir}/config`);
    } finally {
      process.seteuid?.(0);
    }
  });

  it('M3: throws ENOPRIMARY without a primary', () => {
    expectError('ENOPRIMARY', () => attachMemory({ filePrefix: scope.filePrefix }));
  });
});

function pageFiles({ filePrefix }: PeerScope): string[] {
  return readdirSync(findHugepages()?.dir ?? '').filter((name) => name.startsWith(`${filePrefix}map_`));
}

/** Locks on files that this process holds. */
function flocks(): string[] {
  const lines = readFileSync('/proc/locks', 'utf8').split('\n');
  return lines.filter((line) => line.includes(` ${process.pid} `));
}

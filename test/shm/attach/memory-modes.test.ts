// Zones of live C primaries in every memory mode: the C side verifies what Node wrote, and Node what C wrote.
import { existsSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AttachOptions } from '../../../shm/attach/attach.js';
import { findHugepages } from '../../support/dpdk/hugepages.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import type { CPeer } from '../../support/dpdk/peer.js';
import { type PeerScope, peersFor } from '../../support/dpdk/peers-for.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { expectError } from '../../support/mp-error.js';
import { attachLive, patternErrors, patternFill, zoneOf } from '../support/live-memory.js';
import { run, startStress } from '../support/stress.js';

const BIG_LEN = 5 << 20;

interface Mode {
  readonly name: string;
  readonly checks: readonly [list: string, bytes: string, pages: string];
  readonly args: readonly string[];
  readonly hugepages?: boolean;
  readonly memoryMb?: number;
  readonly attach?: AttachOptions;
}

const MODES: readonly Mode[] = [
  { name: 'default', checks: ['M8', 'M9', 'M10'], args: [] },
  { name: '--single-file-segments', checks: ['M11', 'M11', 'M11'], args: ['--single-file-segments'] },
  // its zones need physically contiguous pages: with more of them some are found
  { name: '--legacy-mem', checks: ['M12', 'M12', 'M12'], args: ['--legacy-mem'], memoryMb: 128 },
  { name: '--no-huge', checks: ['M14', 'M14', 'M14'], args: [], hugepages: false, memoryMb: 64 },
  {
    name: '--huge-unlink',
    checks: ['M15', 'M15', 'M15'],
    args: ['--huge-unlink'],
    attach: { unlinked: true },
  },
];

for (const mode of MODES) {
  describeReleases(`shm: ${mode.name}`, (release) => {
    const scope = peersFor('shm-mode', 'suite', release);
    let primary: CPeer;
    const [listCheck, bytesCheck, pagesCheck] = mode.checks;

    before(async function () {
      await needsDpdk(this, { release, hugepages: mode.hugepages === false ? 0 : 16 });
      const { args, hugepages = true, memoryMb = 16 } = mode;
      primary = await scope.start({ role: 'primary', args, hugepages, memoryMb });
    });

    it(`${listCheck}: lists what the primary reserved`, async () => {
      const memory = attachLive(scope, mode.attach);
      expect(primary.stderr).to.not.contain('Error');
      const from = primary.lines.length;
      const { fields } = await primary.command('list');
      const printed = primary.lines.slice(from).filter((line) => line.event === 'memzone');
      expect(printed.length).to.equal(Number(fields.n));
      expect(memory.version).to.match(new RegExp(`^${release}\\.`));
      expect(memory.memzones().map(describeZone)).to.have.deep.members(printed.map((line) => line.fields));
      for (const zone of memory.memzones()) expect(zone.len % 64).to.equal(0);
    });

    it(`${bytesCheck}: bytes go both ways, without a copy`, async () => {
      const { bytes } = zoneOf(attachLive(scope, mode.attach), 'SHARED_INFO');
      await primary.command(`poke SHARED_INFO 1000 ${'ab'.repeat(64)}`);
      expect(Buffer.from(bytes.subarray(1000, 1064)).toString('hex')).to.equal('ab'.repeat(64));
      bytes.set(Buffer.from('0123456789'), 100);
      const peeked = await primary.command('peek SHARED_INFO 100 10');
      expect(peeked.fields.hex).to.equal(Buffer.from('0123456789').toString('hex'));
    });

    it(`${pagesCheck}: a zone of 5 MiB is contiguous across its pages`, async () => {
      const memory = attachLive(scope, mode.attach);
      await primary.command('fill BIG 7');
      const { bytes } = zoneOf(memory, 'BIG');
      expect(bytes.length).to.equal(BIG_LEN);
      expect(patternErrors(bytes, 7)).to.equal(0);
      expect(Buffer.compare(memory.snapshot(zoneOf(memory, 'BIG')), bytes)).to.equal(0);
      patternFill(bytes, 99);
      const verified = await primary.command('verify BIG 99');
      expect(verified.fields.bad).to.equal('0');
      expect(verified.fields.words).to.equal(String(BIG_LEN / 4));
    });

    it('copies and views of one address have the same bytes', async () => {
      const memory = attachLive(scope, mode.attach);
      const zone = zoneOf(memory, 'BIG');
      await primary.command(`poke BIG 3000000 ${'c5'.repeat(100)}`);
      const expected = Buffer.alloc(100, 0xc5).toString('hex');
      const copies = [
        memory.snapshot(zone, { offset: 3_000_000, length: 100 }),
        memory.snapshot(zone.addr + 3_000_000n, 100),
        memory.view(zone.addr + 3_000_000n, 100),
      ];
      for (const copy of copies) expect(Buffer.from(copy).toString('hex')).to.equal(expected);
    });

    it('lists the pages that the zones are in', () => {
      const memory = attachLive(scope, mode.attach);
      const pages = new Map(memory.memsegs().map((page) => [page.addr, page]));
      for (const zone of memory.memzones()) {
        const size = BigInt(zone.hugepageSize);
        const page = pages.get(zone.addr - (zone.addr % size));
        expect(page?.hugepageSize).to.equal(zone.hugepageSize);
        expect(page?.external).to.equal(false);
      }
    });
  });
}

function describeZone(zone: ReturnType<typeof zoneOf>): Record<string, string> {
  return {
    name: zone.name,
    addr: `0x${zone.addr.toString(16)}`,
    iova: `0x${zone.iova.toString(16)}`,
    len: String(zone.len),
    hugepage_sz: String(zone.hugepageSize),
    socket: String(zone.socketId),
    flags: String(zone.flags),
  };
}

describeReleases('shm: modes with special needs', (release) => {
  const scope = peersFor('shm-modes', 'test', release);

  before(async function () {
    await needsDpdk(this, { release, hugepages: 16 });
  });

  it('M11: uses one file for the whole list', async () => {
    await scope.start({ role: 'primary', args: ['--single-file-segments'] });
    const { bytes } = zoneOf(attachLive(scope), 'BIG');
    expect(pageFiles(scope)).to.deep.equal([`${scope.filePrefix}map_0`]);
    expect(patternErrors(bytes)).to.equal(0);
  });

  it('M15: throws ENOTSUP that names unlinked: true, and makes no files', async () => {
    await scope.start({ role: 'primary', args: ['--huge-unlink'] });
    const zone = zoneOf(attachLive(scope), 'SHARED_INFO');
    expect(expectError('ENOTSUP', () => zone.bytes).message).to.contain('unlinked: true');
    expect(zone.valid).to.equal(true);
    expect(pageFiles(scope)).to.deep.equal([]);
  });

  it('M14: throws EACCES without the right to trace the primary', async () => {
    await scope.start({ role: 'primary', hugepages: false, memoryMb: 64 });
    const memory = attachLive(scope);
    const zone = zoneOf(memory, 'SHARED_INFO');
    memory.memsegs(); // opens the files that this user may open
    const error = asNobody(() => expectError('EACCES', () => zone.bytes));
    expect(error.path).to.match(/^\/proc\/\d+\/fd/);
  });

  it('M16: throws ENOPRIMARY for --in-memory, which shares nothing', async () => {
    await startStress(scope, { args: ['--in-memory'] });
    expectError('ENOPRIMARY', () => attachLive(scope));
  });

  it('M16: throws ENOTSUP for --in-memory when the telemetry socket shows that a primary runs', async () => {
    const wrap = (command: readonly string[]) => command.filter((arg) => arg !== '--no-telemetry');
    await startStress(scope, { args: ['--in-memory'], wrap });
    expect(expectError('ENOTSUP', () => attachLive(scope)).message).to.contain('--in-memory');
  });

  it('M13: finds 2 MiB pages behind the lists of a 1 GiB mount', async function () {
    needsGiganticPages(this);
    const stress = await startStress(scope, { wrap: withGiganticMount(scope) });
    const { fields } = await run(stress, 'reserve SHUFFLED 6000000');
    const memory = attachLive(scope);
    const zone = zoneOf(memory, 'SHUFFLED');
    expect(zone.addr).to.equal(BigInt(fields.addr ?? 0));
    zone.bytes.set(Buffer.from('behind'), 5_999_000);
    const peeked = await run(stress, 'peek SHUFFLED 5999000 6');
    expect(peeked.fields.hex).to.equal(Buffer.from('behind').toString('hex'));
    const ids = pageFiles(scope).map((name) => Number(/\d+$/.exec(name)?.[0]));
    expect(Math.min(...ids)).to.be.at.least(16_384);
  });

  it('M23: lists a zone in external memory, and refuses to map it', async () => {
    const stress = await startStress(scope);
    const memory = attachLive(scope);
    const { fields } = await run(stress, 'external OUTSIDE 8192');
    const zone = zoneOf(memory, 'OUTSIDE');
    expect(zone.socketId).to.equal(256);
    expect(zone.addr).to.equal(BigInt(fields.addr ?? 0));
    expect(expectError('ENOTSUP', () => zone.bytes).message).to.contain('external memory');
    expectError('ENOTSUP', () => memory.snapshot(zone));
    expect(memory.memsegs().some(({ external }) => external)).to.equal(true);
  });
});

/** Marks the test as pending where the kernel, or the processor, has no pages of 1 GiB. */
function needsGiganticPages(context: Mocha.Context): void {
  if (existsSync('/sys/kernel/mm/hugepages/hugepages-1048576kB')) return;
  console.log('      pending: this machine has no pages of 1 GiB');
  context.skip();
}

/** Runs a command where a hugetlbfs of 1 GiB pages is mounted as well; the mount ends with the command. */
function withGiganticMount(scope: PeerScope): (command: readonly string[]) => readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'dpdkipc-1G-'));
  scope.defer(() => rmdirSync(folder));
  const script = 'mount -t hugetlbfs -o pagesize=1G none "$0" && exec "$@"';
  return (command) => {
    // with --huge-dir EAL ignores other mounts
    const at = command.indexOf('--huge-dir');
    const free = [...command.slice(0, at), ...command.slice(at + 2)];
    return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, folder, ...free];
  };
}

/** The primary's page files in hugetlbfs. */
function pageFiles({ filePrefix }: PeerScope): string[] {
  return readdirSync(findHugepages()?.dir ?? '').filter((name) => name.startsWith(`${filePrefix}map_`));
}

/** Runs `action` as a user without rights. */
function asNobody<T>(action: () => T): T {
  process.seteuid?.(65_534);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
  }
}

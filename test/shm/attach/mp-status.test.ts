// The shared flag that says whether secondaries may attach.
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { disableMultiProcess, enableMultiProcess } from '../../../shm/attach/mp-status.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { expectError } from '../../support/mp-error.js';
import type { ImageOptions } from '../support/image.js';
import { type FakeRuntime, makeRuntime, pretendAlive } from '../support/runtime.js';

describe('shm: mp_status', () => {
  const undo: (() => void)[] = [];

  afterEach(() => {
    for (const action of undo.splice(0).reverse()) action();
  });

  function fake(options: ImageOptions = {}, alive = true): { runtime: FakeRuntime; config: string } {
    const runtime = makeRuntime(options);
    undo.push(() => runtime.remove());
    if (alive) undo.push(pretendAlive(runtime, options.family));
    return { runtime, config: join(runtime.path, 'config') };
  }

  const offsets = [
    ['A', 36],
    ['B', 40],
    ['C', 40],
  ] as const;
  for (const [family, offset] of offsets) {
    it(`family ${family}: writes the byte at ${offset} and nothing else`, () => {
      const { config } = fake({ family });
      const before = readFileSync(config);
      expect(enableMultiProcess(config)).to.equal('enabled');
      before[offset] = 2;
      expect(readFileSync(config).equals(before)).to.equal(true);
      expect(enableMultiProcess(config)).to.equal('enabled');
      expect(disableMultiProcess(config)).to.equal(false);
      expect(readFileSync(config).equals(before)).to.equal(true);
    });

    it(`family ${family}: stays disabled once it is disabled`, () => {
      const { config } = fake({ family });
      expect(disableMultiProcess(config)).to.equal(true);
      expect(readFileSync(config)[offset]).to.equal(1);
      expect(disableMultiProcess(config)).to.equal(true);
      expect(enableMultiProcess(config)).to.equal('disabled');
      expect(readFileSync(config)[offset]).to.equal(1);
    });
  }

  const untouched: [string, ImageOptions, boolean][] = [
    ['a dead primary', {}, false],
    ['a primary that is starting', { magic: 0 }, true],
    ['a release before 20.08', { versionWord: 0x14050063 }, true],
    ['a release before 19.08', { versionWord: 4 }, true],
  ];
  for (const [what, options, alive] of untouched) {
    it(`leaves ${what} alone`, () => {
      const { config } = fake(options, alive);
      const before = readFileSync(config);
      expect(enableMultiProcess(config)).to.equal('absent');
      expect(disableMultiProcess(config)).to.equal(false);
      expect(readFileSync(config).equals(before)).to.equal(true);
    });
  }

  it('reports absent without a config', () => {
    expect(enableMultiProcess('/nonexistent/config')).to.equal('absent');
    expect(disableMultiProcess('/nonexistent/config')).to.equal(false);
  });

  it('throws for an invalid config, and changes nothing', () => {
    const { config } = fake({ family: 'A', versionWord: 0x180b0063 });
    const before = readFileSync(config);
    expectError('ELAYOUT', () => enableMultiProcess(config));
    expectError('ELAYOUT', () => disableMultiProcess(config));
    expect(readFileSync(config).equals(before)).to.equal(true);
    truncateSync(config, 4096);
    expectError('ELAYOUT', () => enableMultiProcess(config));
    expectError('EVERSION', () => enableMultiProcess(fake({ versionWord: 0x1b030063 }).config));
  });

  describeReleases('live', (release) => {
    const scope = peersFor('shm-status', 'test', release);

    before(async function () {
      await needsDpdk(this, { release, hugepages: 8 });
    });

    it('once enabled, can not be disabled by the C primary', async () => {
      const primary = await scope.start({ role: 'primary', bigZone: false });
      expect(enableMultiProcess(`${scope.runtimeDir}/config`)).to.equal('enabled');
      expect((await primary.command('disable')).fields.ret).to.equal('0');
    });

    it('once disabled from Node, stays so for the C primary, and a C secondary is refused', async () => {
      const primary = await scope.start({ role: 'primary', bigZone: false });
      expect(disableMultiProcess(`${scope.runtimeDir}/config`)).to.equal(true);
      expect((await primary.command('disable')).fields.ret).to.equal('1');
      expect(enableMultiProcess(`${scope.runtimeDir}/config`)).to.equal('disabled');
      const refused = await scope.start({ role: 'secondary', core: 1 }).then(
        () => 'attached',
        (error: Error) => error.message,
      );
      expect(refused).to.contain('FAILED');
    });
  });
});

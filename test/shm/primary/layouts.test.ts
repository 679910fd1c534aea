// Memory of the layouts of releases that no test machine has, made and attached by Node.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { attachMemory } from '../../../shm/attach/attach.js';
import { patternErrors, patternFill, zoneOf } from '../support/live-memory.js';
import { MIB, primaryStage } from './support/stage.js';

const VERSIONS = [
  { version: '20.11.10', numaNodes: 4 },
  { version: '21.11.9', numaNodes: 32 },
  { version: '22.11.11', numaNodes: 32 },
  { version: '23.11.6', numaNodes: 32 },
  { version: '26.03.0', numaNodes: 32 },
  { version: '26.11.0-rc0', numaNodes: 32 },
];

describe('primary: layouts', () => {
  const stage = primaryStage('layouts');

  for (const { version, numaNodes } of VERSIONS) {
    it(`makes zones, grows and closes as ${version}`, async () => {
      const primary = await stage().primary({ version, hugepages: 0 });
      const { memory } = primary;
      expect(memory.version).to.equal(version);
      const zone = memory.reserve('BIG', 5 * MIB);
      patternFill(zone.bytes, 1);
      const other = attachMemory({ filePrefix: stage().live.filePrefix });
      expect(patternErrors(zoneOf(other, 'BIG').bytes, 1)).to.equal(0);
      expect(other.memsegs().map(({ addr }) => addr)).to.deep.equal(memory.memsegs().map(({ addr }) => addr));
      other.detach();
      memory.free(zone);
      stage().expectWhole();
      const info = readFileSync(`${stage().live.runtimeDir}/hugepage_info`);
      expect(info).to.have.length(3 * Math.ceil((4104 + 4 * numaNodes + 4) / 8) * 8);
      const lockDescriptors = [0, 1, 2].map((i) =>
        info.readInt32LE((i * info.length) / 3 + 4104 + 4 * numaNodes),
      );
      expect(lockDescriptors).to.deep.equal([-1, -1, -1]);
    });
  }

  it('warns of secondaries that were built for another number of NUMA nodes', async () => {
    const primary = await stage().primary({ maxNumaNodes: 64 });
    const first = await stage().secondary();
    expect(await first.exited).to.include({ code: 0 }); // it has closed its own stdin, and so ends
    const second = await stage().secondary();
    expect(stage().events).to.have.length(1);
    expect(stage().events[0]).to.include({ code: 'ELAYOUT' });
    expect(String(stage().events[0])).to.match(/32 or 33 NUMA nodes.*maxNumaNodes/);
    await second.exited;
    await primary.close();
  });

  it('gives page files the names of the release', async () => {
    const names = async (version: string) => {
      const primary = await stage().primary({ version, hugepages: 0 });
      const found = readdirSync(`${stage().live.runtimeDir}/pages`);
      await primary.close();
      return found.map((name) => name.slice(stage().live.filePrefix.length));
    };
    expect(await names('26.03.0')).to.deep.equal(['map_0']);
    expect(await names('26.11.0-rc0')).to.deep.equal(['map_0_0']);
  });

  it('takes the version of the installed DPDK by default', async () => {
    const primary = await stage().primary({ version: undefined, hugepages: 0 });
    expect(primary.memory.version).to.equal(stage().version);
  });

  it('refuses secondaries after disable(), as C does', async () => {
    const primary = await stage().primary();
    expect(primary.disable()).to.equal(true);
    const secondary = await stage().live.startSecondary({ untilReady: false });
    await secondary.waitFor(/^FAILED /, 90_000);
    stage().expectWhole();
  });
});

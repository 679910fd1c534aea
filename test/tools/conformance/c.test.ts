// The checks against C DPDK, each release in both roles: they prove that the reference is right.
import type { DpdkInstall } from '../../support/dpdk/install.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { cSource } from './c-source.js';
import { testConformance } from './suite.js';

for (const role of ['primary', 'secondary'] as const) {
  describeReleases(`conformance: C ${role}`, (release) => {
    let install: DpdkInstall;
    before('DPDK', async function () {
      install = await needsDpdk(this, { release, hugepages: 16 });
    });
    testConformance(role, () => cSource(install, role));
  });
}

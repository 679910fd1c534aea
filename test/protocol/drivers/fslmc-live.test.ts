// NXP's fslmc bus: its secondaries ask the primary for VFIO's descriptors while EAL starts.
import { expect } from 'chai';
import { FSLMC_ACTION, FslmcRequest } from '../../../protocol/drivers/index.js';
import {
  decodeVfio,
  encodeVdev,
  encodeVfio,
  VDEV_ACTION,
  VdevType,
  VfioResult,
} from '../../../protocol/index.js';
import { driverArgs } from '../../lib/hotplug/support.js';
import { live } from '../../live/support/live.js';
import { takeOver } from '../../live/support/take-over.js';
import { withFds } from '../../support/descriptors.js';
import { fakeFslmc, needsFakeDevices } from '../../support/dpdk/fake-devices.js';
import { RELEASES } from '../../support/dpdk/releases.js';

const GROUP = 5;

// 22.11 has the bus, too, which asks with EAL's own action for VFIO
for (const release of RELEASES.filter((name) => name !== '22.11')) {
  describe(`the fslmc bus of a C secondary, DPDK ${release}`, () => {
    const scope = live('fslmc', { attachable: true, release });
    before('a device', function () {
      needsFakeDevices(this);
    });

    it('gets a container and a group from Node', async () => {
      const bus = driverArgs(release).slice(0, 2);
      const args = [...bus.map((arg) => arg.replace('bus_vdev', 'bus_fslmc')), '--log-level=bus.fslmc:debug'];
      const device = fakeFslmc(GROUP);
      await scope.startPrimary({ device, args });
      const primary = await takeOver(scope);
      primary.registerAction(VDEV_ACTION, () => ({ param: encodeVdev({ type: VdevType.SCAN_REP }) }));
      const asked: unknown[] = [];
      await withFds(['a descriptor'], async (fds) => {
        primary.registerAction(FSLMC_ACTION, ({ param }) => {
          const { request, value } = decodeVfio(param);
          asked.push([param.length, request, request === FslmcRequest.GROUP ? value : undefined]);
          return { param: encodeVfio({ request, result: VfioResult.OK, value }), fds };
        });
        const secondary = await scope.startSecondary({ device, args });
        await secondary.killAndReadAll();
        // it has them, and finds out that they aren't VFIO's
        expect(secondary.stderr).to.match(/VFIO\(dprc\.1:fd=\d+\) error getting group status/);
      });
      expect(asked).to.deep.equal([
        [12, FslmcRequest.CONTAINER, undefined],
        [12, FslmcRequest.GROUP, GROUP],
      ]);
    });
  });
}

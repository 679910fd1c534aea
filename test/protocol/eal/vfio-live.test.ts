// VFIO's requests, in exchange with live C processes.
import { expect } from 'chai';
import {
  decodeVfio,
  encodeVfio,
  VFIO_ACTION,
  type VfioMessage,
  VfioResult,
  vfioRequestsOf,
} from '../../../protocol/index.js';
import { live } from '../../live/support/live.js';
import { takeOver, versionOf } from '../../live/support/take-over.js';
import { withFds } from '../../support/descriptors.js';
import { describeReleases } from '../../support/dpdk/releases.js';

describeReleases('a C secondary that asks Node for VFIO', (release) => {
  const scope = live('vfio', { attachable: true, release });

  it('groups, and gets the descriptor', async () => {
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    const { GROUP } = vfioRequestsOf(versionOf(scope));
    const primary = await takeOver(scope);
    await withFds(['a group'], async (fds) => {
      const asked: VfioMessage[] = [];
      primary.registerAction(VFIO_ACTION, ({ param }) => {
        const request = decodeVfio(param);
        asked.push(request);
        if (request.value === 13) return { param: encodeVfio({ ...request, result: VfioResult.NO_FD }) };
        return { param: encodeVfio({ ...request, result: VfioResult.OK }), fds };
      });
      const bound = await secondary.command('vfio group 12');
      expect(bound.fields.ret).to.equal('0');
      expect(bound.fields.file).to.match(/^\//);
      expect((await secondary.command('vfio group 13')).fields.ret).to.equal('-2');
      expect(asked.map(({ request, value }) => [request, value])).to.deep.equal([
        [GROUP, 12],
        [GROUP, 13],
      ]);
    });
  });

  it('a container of its own, where there is such a thing', async () => {
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    const { CONTAINER, DEFAULT_CONTAINER } = vfioRequestsOf(versionOf(scope));
    const primary = await takeOver(scope);
    await withFds(['a container'], async (fds) => {
      const asked: number[] = [];
      primary.registerAction(VFIO_ACTION, ({ param }) => {
        const { request } = decodeVfio(param);
        asked.push(request);
        return { param: encodeVfio({ request, result: VfioResult.OK }), fds };
      });
      const { fields } = await secondary.command('vfio container');
      const isSeparate = DEFAULT_CONTAINER !== undefined;
      expect(fields.ret).to.equal(isSeparate ? '0' : '-1');
      expect(asked).to.deep.equal(isSeparate ? [CONTAINER] : []);
    });
  });
});

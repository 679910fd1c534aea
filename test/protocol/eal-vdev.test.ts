import { expect } from 'chai';
import { encodeVdevScanReply, VDEV_ACTION } from '../../protocol/eal/vdev.js';

describe('the answer to a scan of virtual devices', () => {
  it('is a struct vdev_param with its type and count', () => {
    const param = encodeVdevScanReply(2);
    expect(VDEV_ACTION).to.equal('bus_vdev_mp');
    expect(param).to.have.length(72);
    expect([...param.subarray(0, 9)]).to.deep.equal([3, 0, 0, 0, 2, 0, 0, 0, 0]);
  });
});

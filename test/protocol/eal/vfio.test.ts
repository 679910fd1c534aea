import { expect } from 'chai';
import { decodeVfio, encodeVfio, VfioResult, vfioRequestsOf } from '../../../protocol/index.js';

const DPDK_21_08 = 0x15080063;
const DPDK_22_11_10 = 0x160b0a63;
const DPDK_22_11_11 = 0x160b0b63;
const DPDK_24_11_8 = 0x180b0863;
const DPDK_25_11_4 = 0x190b0463;

describe('VFIO requests', () => {
  it('has other numbers since 25.11, and in 22.11.11', () => {
    for (const version of [0, DPDK_21_08, DPDK_22_11_10, DPDK_24_11_8])
      expect(vfioRequestsOf(version)).to.include({ DEFAULT_CONTAINER: 0x400, IOMMU_TYPE: 0x800 });
    for (const version of [DPDK_22_11_11, DPDK_25_11_4]) {
      expect(vfioRequestsOf(version)).to.include({ IOMMU_TYPE: 0x400 });
      expect(vfioRequestsOf(version)).not.to.have.property('DEFAULT_CONTAINER');
    }
  });

  it('is answered with a result and a value', () => {
    const answer = { request: 0x200, result: VfioResult.ERR, value: -1 };
    expect(decodeVfio(encodeVfio(answer))).to.deep.equal(answer);
  });
});

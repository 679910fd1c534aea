import { expect } from 'chai';
import {
  decodePdumpRequest,
  encodePdumpRequest,
  PDUMP_ALL_QUEUES,
  PdumpFlags,
  PdumpOp,
  PdumpVersion,
  pdumpFormatOf,
} from '../../../protocol/drivers/index.js';
import { thrown } from '../../support/mp-error.js';

const DPDK_21_08 = 0x15080063;
const DPDK_22_11_11 = 0x160b0b63;
const PDUMP_FORMAT = pdumpFormatOf(DPDK_22_11_11);

describe('packet capture requests', () => {
  const request = {
    version: PdumpVersion.V1,
    op: PdumpOp.ENABLE,
    flags: PdumpFlags.RX | PdumpFlags.TX,
    device: 'net_null0',
    queue: PDUMP_ALL_QUEUES,
    ring: 0x1_0000_0001n,
    mempool: 0x1_0000_0002n,
    filter: 0x1_0000_0003n,
    snaplen: 0,
  };

  it('has a snaplen since 21.11', () => {
    const before = pdumpFormatOf(DPDK_21_08);
    expect(before).to.include({ size: 104 });
    expect(encodePdumpRequest(before, request)).to.have.length(104);
    expect(decodePdumpRequest(encodePdumpRequest(before, request))).to.deep.equal(request);
    const snapped = { ...request, snaplen: 0x12345 };
    expect(decodePdumpRequest(encodePdumpRequest(PDUMP_FORMAT, snapped))).to.deep.equal(snapped);
    expect(thrown(() => encodePdumpRequest(before, snapped))).to.have.property('code', 'EINVAL');
  });

  it('is of a device with a name', () => {
    const nameless = () => encodePdumpRequest(PDUMP_FORMAT, { ...request, device: '' });
    expect(thrown(nameless)).to.have.property('code', 'EINVAL');
  });
});

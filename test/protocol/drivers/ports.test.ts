import { expect } from 'chai';
import {
  decodeMemifRegion,
  decodeTapQueues,
  encodeMemifRegion,
  encodeTapQueues,
  tapFormatOf,
} from '../../../protocol/drivers/index.js';
import { thrown } from '../../support/mp-error.js';

const DPDK_24_11_8 = 0x180b0863;

describe('requests about ports', () => {
  const DPDK_24_03 = 0x18030063;

  it('have one descriptor for both directions of a tap queue since 24.07', () => {
    const [separate, shared] = [tapFormatOf(DPDK_24_03), tapFormatOf(DPDK_24_11_8)];
    expect([separate, shared]).to.deep.equal([
      { size: 72, areSeparate: true },
      { size: 68, areSeparate: false },
    ]);
    const differing = { port: 'net_tap0', rxQueues: 2, txQueues: 3 };
    expect(decodeTapQueues(encodeTapQueues(separate, differing))).to.deep.equal(differing);
    expect(thrown(() => encodeTapQueues(shared, differing))).to.have.property('code', 'EINVAL');
    const paired = { ...differing, txQueues: 2 };
    expect(decodeTapQueues(encodeTapQueues(shared, paired))).to.deep.equal(paired);
    expect(encodeTapQueues(shared, { port: 'net_tap0' })).to.have.length(68);
    expect(thrown(() => decodeTapQueues(new Uint8Array(70)))).to.have.property('code', 'EBADMSG');
    expect(thrown(() => encodeTapQueues(shared, { port: '' }))).to.have.property('code', 'EINVAL');
  });

  it('are asked for no more regions of a memif port than there can be', () => {
    const region = { port: 'net_memif0', index: 255, size: 0x1_0000_0000n };
    expect(decodeMemifRegion(encodeMemifRegion(region))).to.deep.equal(region);
    for (const index of [256, -1, 1.5])
      expect(thrown(() => encodeMemifRegion({ port: 'a', index }))).to.have.property('code', 'EINVAL');
    expect(thrown(() => decodeMemifRegion(new Uint8Array(79)))).to.have.property('code', 'EBADMSG');
  });
});

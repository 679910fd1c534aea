import { expect } from 'chai';
import {
  checkDevargs,
  DeviceRequestType,
  decodeDeviceRequest,
  decodeVdev,
  encodeDeviceRequest,
  encodeVdev,
  VdevType,
} from '../../../protocol/index.js';
import { thrown } from '../../support/mp-error.js';

describe('hotplug and virtual devices', () => {
  it('are described within what C has room for', () => {
    for (const devargs of [
      'net_null0',
      'vdev:net_null0,size=64',
      '0000:01:00.0,class=eth',
      'bus=vdev,name=net_null0',
      'bus=pci,addr=0000:01:00.0/class=eth/driver=x',
      'class=eth/bus=vdev,name=net_null0',
      `vdev:net_null${'1'.repeat(55)},${'x'.repeat(58)}`,
    ])
      expect(() => checkDevargs(devargs)).not.to.throw();
  });

  for (const [code, devargs] of [
    ['EINVAL', ''],
    ['EINVAL', undefined],
    ['EINVAL', 'net_null0\0'],
    ['EINVAL', 'net_null0\ud800'],
    ['E2BIG', 'x'.repeat(128)],
    ['E2BIG', `${'é'.repeat(64)}`],
    ['E2BIG', `vdev:net_null${'1'.repeat(56)}`],
    // C processes ended with SIGSEGV from these
    ['EINVAL', 'class'],
    ['EINVAL', 'class=eth'],
    ['EINVAL', 'class=eth,bus=vdev'],
    ['EINVAL', 'net_null0/class=eth'],
    ['EINVAL', 'bus'],
    ['EINVAL', 'bus=,name=net_null0'],
    ['EINVAL', 'bus,name=net_null0'],
    ['EINVAL', 'bus=a/class=b/driver=c/bus=d'],
  ] as const) {
    it(`are refused: ${code} ${JSON.stringify(devargs)?.slice(0, 40)}`, () => {
      expect(thrown(() => checkDevargs(devargs as string))).to.have.property('code', code);
    });
  }

  it('are asked for without a result', () => {
    const request = { type: DeviceRequestType.DETACH, devargs: 'vdev:net_null0' };
    expect(decodeDeviceRequest(encodeDeviceRequest(request))).to.deep.equal({ ...request, result: 0 });
  });

  it('have names of 63 bytes at most', () => {
    const name = 'n'.repeat(63);
    expect(decodeVdev(encodeVdev({ type: VdevType.SCAN_ONE, num: 1, name }))).to.include({ name });
    const tooLong = () => encodeVdev({ type: VdevType.SCAN_ONE, name: `${name}n` });
    expect(thrown(tooLong)).to.have.property('code', 'E2BIG');
    // a C process's name without a NUL ends where its array does
    const param = encodeVdev({ type: VdevType.SCAN_ONE, name }).fill(0x6e, 8);
    expect(decodeVdev(Buffer.concat([param, Buffer.from('n\0')])).name).to.have.length(64);
    expect(decodeVdev(param).name).to.have.length(64);
  });
});

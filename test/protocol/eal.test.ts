// EAL's own actions: what live C processes sent is read, and written to the same bytes.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  AFXDP_ACTION,
  decodeAfxdpPort,
  decodeEna,
  decodeHns3,
  decodeIpsecMb,
  decodeMemifRegion,
  decodeMlx5,
  decodePdumpRequest,
  decodePdumpResponse,
  decodeTapQueues,
  decodeTestpmdRequest,
  decodeTestpmdResponse,
  ENA_ACTION,
  encodeAfxdpPort,
  encodeEna,
  encodeHns3,
  encodeIpsecMb,
  encodeMemifRegion,
  encodeMlx5,
  encodePdumpRequest,
  encodePdumpResponse,
  encodeTapQueues,
  encodeTestpmdRequest,
  encodeTestpmdResponse,
  HNS3_ACTION,
  IPSEC_MB_ACTION,
  MEMIF_ACTION,
  MLX5_ACTION,
  PDUMP_ACTION,
  PDUMP_ALL_QUEUES,
  PdumpFlags,
  PdumpOp,
  PdumpVersion,
  pdumpFormatOf,
  TAP_START_ACTION,
  TAP_SYNC_ACTION,
  TESTPMD_ACTION,
  tapFormatOf,
} from '../../protocol/drivers/index.js';
import {
  checkDevargs,
  DEVICE_ACTION,
  DeviceRequestType,
  decodeDeviceRequest,
  decodeVdev,
  decodeVfio,
  encodeDeviceRequest,
  encodeVdev,
  encodeVfio,
  VDEV_ACTION,
  VdevType,
  VFIO_ACTION,
  VfioResult,
  vfioRequestsOf,
} from '../../protocol/index.js';
import { thrown } from '../support/mp-error.js';

interface Vector {
  readonly description: string;
  readonly action: string;
  readonly captured: string;
  readonly paramHex: string;
  /** 00 where C leaves what happened to be in memory, ff where the byte counts. */
  readonly mask: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

interface Codec {
  decode(param: Uint8Array): object;
  encode(fields: never): Uint8Array;
}

const DPDK_21_08 = 0x15080063;
const DPDK_22_11_10 = 0x160b0a63;
const DPDK_22_11_11 = 0x160b0b63;
const DPDK_24_11_8 = 0x180b0863;
const DPDK_25_11_4 = 0x190b0463;

const PDUMP_FORMAT = pdumpFormatOf(DPDK_22_11_11);
const VECTORS: readonly Vector[] = JSON.parse(
  readFileSync(new URL('../vectors/eal.json', import.meta.url), 'utf8'),
);

const TAP_FORMAT = tapFormatOf(DPDK_22_11_11);
const TAP: Codec = { decode: decodeTapQueues, encode: (fields) => encodeTapQueues(TAP_FORMAT, fields) };
const CODECS: Readonly<Record<string, Codec>> = {
  [AFXDP_ACTION]: { decode: decodeAfxdpPort, encode: encodeAfxdpPort },
  [DEVICE_ACTION]: { decode: decodeDeviceRequest, encode: encodeDeviceRequest },
  [ENA_ACTION]: { decode: decodeEna, encode: encodeEna },
  [HNS3_ACTION]: { decode: decodeHns3, encode: encodeHns3 },
  [IPSEC_MB_ACTION]: { decode: decodeIpsecMb, encode: encodeIpsecMb },
  [MEMIF_ACTION]: { decode: decodeMemifRegion, encode: encodeMemifRegion },
  [MLX5_ACTION]: { decode: decodeMlx5, encode: encodeMlx5 },
  [PDUMP_ACTION]: {
    decode: decodePdumpRequest,
    encode: (fields) => encodePdumpRequest(PDUMP_FORMAT, fields),
  },
  [TAP_START_ACTION]: TAP,
  [TAP_SYNC_ACTION]: TAP,
  [TESTPMD_ACTION]: { decode: decodeTestpmdRequest, encode: encodeTestpmdRequest },
  [VDEV_ACTION]: { decode: decodeVdev, encode: encodeVdev },
  [VFIO_ACTION]: { decode: decodeVfio, encode: encodeVfio },
};
/** Of answers that are no requests with a result. */
const ANSWERS: Readonly<Record<string, Codec>> = {
  [PDUMP_ACTION]: { decode: decodePdumpResponse, encode: encodePdumpResponse },
  [TESTPMD_ACTION]: { decode: decodeTestpmdResponse, encode: encodeTestpmdResponse },
};

function codecOf({ action, fields }: Vector): Codec {
  const isAnswer = action in ANSWERS && 'result' in fields;
  return (isAnswer ? ANSWERS : CODECS)[action] as Codec;
}

/** 64-bit numbers are in JSON as text. */
const BIGINTS = [IPSEC_MB_ACTION, MEMIF_ACTION, MLX5_ACTION, PDUMP_ACTION];

function fieldsOf({ action, fields }: Vector): object {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      BIGINTS.includes(action) && typeof value === 'string' && /^\d+$/.test(value) ? BigInt(value) : value,
    ]),
  );
}

/** Names that C leaves empty. */
function withoutEmpty(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

function masked(bytes: Uint8Array, mask: string): string {
  const cares = Buffer.from(mask, 'hex');
  return Buffer.from(bytes.map((byte, i) => byte & (cares[i] ?? 0xff))).toString('hex');
}

describe('EAL actions: captured', () => {
  for (const vector of VECTORS) {
    const { action, description, captured, paramHex, mask } = vector;
    it(`${action}, ${description}, ${captured}`, () => {
      const param = Buffer.from(paramHex, 'hex');
      const codec = codecOf(vector);
      expect(codec.decode(param)).to.deep.equal(fieldsOf(vector));
      const written = codec.encode(withoutEmpty(fieldsOf(vector)) as never);
      expect(masked(written, mask)).to.equal(masked(param, mask));
      // the same somewhere in a larger buffer
      const area = Buffer.concat([Buffer.alloc(12, 0xff), param]);
      expect(codec.decode(area.subarray(12))).to.deep.equal(fieldsOf(vector));
      expect(thrown(() => codec.decode(param.subarray(0, -1)))).to.have.property('code', 'EBADMSG');
    });
  }
});

describe('EAL actions: devices', () => {
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

describe('EAL actions: VFIO', () => {
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

describe('EAL actions: packet capture', () => {
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

describe('EAL actions: drivers', () => {
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

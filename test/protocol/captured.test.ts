// What live C processes sent is read, and written to the same bytes.
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
  pdumpFormatOf,
  TAP_START_ACTION,
  TAP_SYNC_ACTION,
  TESTPMD_ACTION,
  tapFormatOf,
} from '../../protocol/drivers/index.js';
import {
  DEVICE_ACTION,
  decodeDeviceRequest,
  decodeVdev,
  decodeVfio,
  encodeDeviceRequest,
  encodeVdev,
  encodeVfio,
  VDEV_ACTION,
  VFIO_ACTION,
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

const DPDK_22_11_11 = 0x160b0b63;

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
/** Codecs of answers whose struct differs from that of the request. */
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

describe('params captured from C processes', () => {
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

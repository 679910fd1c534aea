// The structs of drivers, byte by byte as a C compiler lays them out; captured.test.ts has some that C processes sent.
import { expect } from 'chai';
import {
  decodeAfxdpPort,
  decodeEna,
  decodeFslmcMemory,
  decodeHns3,
  decodeIpsecMb,
  decodeMana,
  decodeMlx4,
  decodeMlx5,
  decodeNetvsc,
  decodeSxe2,
  decodeTestpmdRequest,
  decodeTestpmdResponse,
  EnaType,
  encodeAfxdpPort,
  encodeEna,
  encodeFslmcMemory,
  encodeHns3,
  encodeIpsecMb,
  encodeMana,
  encodeMlx4,
  encodeMlx5,
  encodeNetvsc,
  encodeSxe2,
  encodeTestpmdRequest,
  encodeTestpmdResponse,
  FslmcRequest,
  Hns3Type,
  IpsecMbType,
  ManaType,
  Mlx4Type,
  Mlx5Type,
  NetvscType,
  Sxe2Type,
  TestpmdType,
} from '../../../protocol/drivers/index.js';
import { decodeVfio, encodeVfio, VfioResult } from '../../../protocol/index.js';
import { thrown } from '../../support/mp-error.js';

const ADDRESS = 0x8877665544332211n;
const MLX5_NOTHING = {
  result: 0,
  device: 0n,
  address: 0n,
  isExternal: false,
  queue: 0,
  isWorkQueue: false,
  state: 0,
};

/** Name, hex, and the message both ways. */
const LAYOUTS: readonly [
  string,
  string,
  object,
  (fields: never) => Uint8Array,
  (param: Uint8Array) => object,
][] = [
  [
    'hns3',
    '03000000 ffff0000 edffffff',
    { type: Hns3Type.START_TX, portId: 65535, result: -19 },
    encodeHns3,
    decodeHns3,
  ],
  [
    'netvsc',
    '01000000 02000000 00000000',
    { type: NetvscType.VF_REMOVE, portId: 2, result: 0 },
    encodeNetvsc,
    decodeNetvsc,
  ],
  [
    'sxe2',
    '02000000 01000000 feffffff',
    { type: Sxe2Type.GET_XSTATS, portId: 1, result: -2 },
    encodeSxe2,
    decodeSxe2,
  ],
  [
    'ena',
    '02000000 03000000 a1ffffff 28230000',
    { type: EnaType.MTU_SET, portId: 3, result: -95, mtu: 9000 },
    encodeEna,
    decodeEna,
  ],
  [
    'mlx4',
    '02000000 01000000 f4ffffff 00000000 1122334455667788',
    { type: Mlx4Type.CREATE_MR, portId: 1, result: -12, address: ADDRESS },
    encodeMlx4,
    decodeMlx4,
  ],
  [
    'mana',
    '02000000 01000000 f4ffffff 00000000 1122334455667788 efbeadde 00000000',
    { type: ManaType.CREATE_MR, portId: 1, result: -12, address: ADDRESS, length: 0xdeadbeef },
    encodeMana,
    decodeMana,
  ],
  [
    "mlx5's region",
    `02000000 00000000 f4ffffff 00000000 1000000000000000 1122334455667788 ${'00'.repeat(8)}`,
    { ...MLX5_NOTHING, type: Mlx5Type.CREATE_MR, portId: 0, result: -12, device: 16n, address: ADDRESS },
    encodeMlx5,
    decodeMlx5,
  ],
  [
    "mlx5's mempool",
    '04000000 00000000 00000000 00000000 1000000000000000 1122334455667788 01 00000000000000',
    {
      ...MLX5_NOTHING,
      type: Mlx5Type.MEMPOOL_UNREGISTER,
      portId: 0,
      device: 16n,
      address: ADDRESS,
      isExternal: true,
    },
    encodeMlx5,
    decodeMlx5,
  ],
  [
    "mlx5's queue",
    `0b000000 05000000 00000000 00000000 0201 ${'00'.repeat(22)}`,
    { ...MLX5_NOTHING, type: Mlx5Type.QUEUE_TX_START, portId: 5, queue: 0x102 },
    encodeMlx5,
    decodeMlx5,
  ],
  [
    "mlx5's state",
    `07000000 05000000 00000000 00000000 01 00 0201 02000000 ${'00'.repeat(16)}`,
    {
      ...MLX5_NOTHING,
      type: Mlx5Type.QUEUE_STATE_MODIFY,
      portId: 5,
      queue: 0x102,
      isWorkQueue: true,
      state: 2,
    },
    encodeMlx5,
    decodeMlx5,
  ],
  [
    "mlx5's stop",
    `06000000 05000000 00000000 00000000 ${'00'.repeat(24)}`,
    { ...MLX5_NOTHING, type: Mlx5Type.STOP_RXTX, portId: 5 },
    encodeMlx5,
    decodeMlx5,
  ],
  [
    'ipsec_mb',
    '01000000 02000000 03000000 ffffffff 3412 0000 00010000 1122334455667788 eaffffff 00000000',
    {
      type: IpsecMbType.QP_SET,
      device: 2,
      queuePair: 3,
      socketId: -1,
      processId: 0x1234,
      descriptors: 256,
      sessions: ADDRESS,
      result: -22,
    },
    encodeIpsecMb,
    decodeIpsecMb,
  ],
  [
    "fslmc's group",
    '01010000 ff000000 05000000',
    { request: FslmcRequest.GROUP, result: VfioResult.ERR, value: 5 },
    encodeVfio,
    decodeVfio,
  ],
  [
    "fslmc's memory",
    `02010000 00000000 00000000 00000000 0100000000000000 0200000000000000
     0300000000000000 0400000000000000 ffffffffffffffff 07000000 00000000`,
    {
      result: VfioResult.OK,
      memsegs: { first: 1n, last: 2n },
      iosegs: { first: 3n, last: 4n },
      vaToIova: 2n ** 64n - 1n,
      mapped: 7,
    },
    encodeFslmcMemory,
    decodeFslmcMemory,
  ],
  ["testpmd's request", '00000000', { type: TestpmdType.EXIT }, encodeTestpmdRequest, decodeTestpmdRequest],
  ["testpmd's answer", 'eaffffff', { result: -22 }, encodeTestpmdResponse, decodeTestpmdResponse],
  ['AF_XDP', `61620000 ${'00'.repeat(60)}`, { port: 'ab' }, encodeAfxdpPort, decodeAfxdpPort],
];

function hexOf(param: Uint8Array): string {
  return Buffer.from(param).toString('hex');
}

describe('structs of drivers, byte by byte', () => {
  for (const [name, text, message, encode, decode] of LAYOUTS) {
    it(name, () => {
      const hex = text.replaceAll(/\s/g, '');
      expect(hexOf(encode(message as never))).to.equal(hex);
      const param = Buffer.from(hex, 'hex');
      expect(decode(param)).to.deep.equal(message);
      expect(decode(Buffer.concat([Buffer.alloc(3, 0xff), param]).subarray(3))).to.deep.equal(message);
      const error = thrown(() => decode(param.subarray(0, -1)));
      expect(error).to.have.property('code', 'EBADMSG');
    });
  }

  it('have 0 for fields that are left out', () => {
    expect(decodeEna(encodeEna({ type: EnaType.DEV_STATS_GET, portId: 0 }))).to.include({
      result: 0,
      mtu: 0,
    });
    const cmdFd = { type: 1, portId: 0 };
    expect(decodeMlx4(encodeMlx4(cmdFd))).to.deep.equal({ ...cmdFd, result: 0, address: 0n });
    expect(decodeMana(encodeMana(cmdFd))).to.deep.equal({ ...cmdFd, result: 0, address: 0n, length: 0 });
    expect(decodeMlx5(encodeMlx5({ type: 1 }))).to.deep.equal({ ...MLX5_NOTHING, ...cmdFd });
    expect(hexOf(encodeMlx5({ type: Mlx5Type.QUEUE_STATE_MODIFY }))).to.equal(`07${'00'.repeat(39)}`);
    expect(hexOf(encodeIpsecMb({ type: IpsecMbType.QP_FREE }))).to.equal(`02${'00'.repeat(39)}`);
    expect(hexOf(encodeFslmcMemory({ result: 0 }))).to.equal(`0201${'00'.repeat(62)}`);
  });

  it('are decoded with a type that is not known yet', () => {
    const later = Buffer.alloc(40);
    later[0] = 99;
    expect(decodeMlx5(later)).to.deep.equal({ ...MLX5_NOTHING, type: 99, portId: 0 });
    expect(decodeTestpmdRequest(later)).to.deep.equal({ type: 99 });
  });
});

describe('messages that drivers would not understand are refused', () => {
  const head = { type: 1, portId: 0 };
  const REFUSED: readonly [string, () => Uint8Array][] = [
    ['an unknown type', () => encodeHns3({ type: 5, portId: 0 })],
    ['a type of another kind', () => encodeNetvsc({ type: '1' as never, portId: 0 })],
    ['no port', () => encodeSxe2({ type: 1 } as never)],
    ['a port too high', () => encodeHns3({ type: 1, portId: 0x1_0000 })],
    ['a negative port', () => encodeMlx4({ type: 1, portId: -1 })],
    ['a fraction', () => encodeHns3({ type: 1, portId: 0.5 })],
    ['a result that is no int', () => encodeHns3({ ...head, result: 2 ** 31 })],
    ['a negative MTU', () => encodeEna({ ...head, mtu: -1 })],
    ['a length of 2 ** 32', () => encodeMana({ ...head, length: 2 ** 32 })],
    ['a negative address', () => encodeMana({ ...head, address: -1n })],
    ['an address that is a number', () => encodeMlx4({ ...head, address: 1 as never })],
    ['an address of 65 bits', () => encodeMlx4({ ...head, address: 2n ** 64n })],
    ['a queue with a memory region', () => encodeMlx5({ type: Mlx5Type.CREATE_MR, queue: 1 })],
    ['a device with a queue', () => encodeMlx5({ type: Mlx5Type.QUEUE_RX_STOP, device: 1n })],
    ['a mempool that is only a region', () => encodeMlx5({ type: Mlx5Type.CREATE_MR, isExternal: true })],
    ['anything with a stop', () => encodeMlx5({ type: Mlx5Type.STOP_RXTX, state: 1 })],
    ['a queue too high', () => encodeMlx5({ type: Mlx5Type.QUEUE_RX_STOP, queue: 0x1_0000 })],
    ['a negative state', () => encodeMlx5({ type: Mlx5Type.QUEUE_STATE_MODIFY, state: -1 })],
    ['an unknown request for a queue pair', () => encodeIpsecMb({ type: 3 })],
    ['a negative queue pair', () => encodeIpsecMb({ type: 1, queuePair: -1 })],
    ['a whole pid', () => encodeIpsecMb({ type: 1, processId: 0x1_0000 })],
    ['an unknown command', () => encodeTestpmdRequest({ type: 1 })],
    ['a result of testpmd that is none', () => encodeTestpmdResponse({ result: Number.NaN })],
    ['a port without a name', () => encodeAfxdpPort({ port: '' })],
    ['a list in numbers', () => encodeFslmcMemory({ result: 0, iosegs: { first: 1, last: 1 } as never })],
  ];
  for (const [what, encode] of REFUSED) {
    it(what, () => {
      const error = thrown(encode);
      expect(error).to.have.property('code', 'EINVAL');
      expect(error)
        .to.have.property('message')
        .that.matches(/: (?:give|leave) /);
    });
  }
});

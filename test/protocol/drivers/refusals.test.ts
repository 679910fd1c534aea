// The answers that say no to C code which reads them without a look whether there are any.
import { expect } from 'chai';
import {
  decodeEna,
  decodeIpsecMb,
  decodeMlx4,
  decodeMlx5,
  decodePdumpResponse,
  ENA_ACTION,
  EnaType,
  encodeEna,
  encodeIpsecMb,
  encodeMlx4,
  encodeMlx5,
  IPSEC_MB_ACTION,
  IpsecMbType,
  MLX4_ACTION,
  MLX5_ACTION,
  Mlx4Type,
  Mlx5Type,
  PDUMP_ACTION,
} from '../../../protocol/drivers/index.js';
import { refusalOf } from '../../../protocol/drivers/refusals.js';

const ENOTSUP = -95;

describe('refusals of requests', () => {
  it('repeat the request with -ENOTSUP', () => {
    const mlx5 = { type: Mlx5Type.CREATE_MR, portId: 3, address: 1n };
    const refused = refusalOf(MLX5_ACTION, encodeMlx5(mlx5)) ?? new Uint8Array();
    expect(decodeMlx5(refused)).to.include({ ...mlx5, result: ENOTSUP });
    expect(refusalOf('net_mlx5_mp', encodeMlx5(mlx5))).to.deep.equal(refused);
    const mlx4 = refusalOf(MLX4_ACTION, encodeMlx4({ type: Mlx4Type.VERBS_CMD_FD, portId: 3 }));
    expect(decodeMlx4(mlx4 ?? new Uint8Array())).to.include({ portId: 3, result: ENOTSUP });
    const ena = refusalOf(ENA_ACTION, encodeEna({ type: EnaType.MTU_SET, portId: 3, mtu: 9000 }));
    expect(decodeEna(ena ?? new Uint8Array())).to.include({ type: EnaType.MTU_SET, result: ENOTSUP });
    const crypto = refusalOf(IPSEC_MB_ACTION, encodeIpsecMb({ type: IpsecMbType.QP_SET, queuePair: 2 }));
    expect(decodeIpsecMb(crypto ?? new Uint8Array())).to.include({ queuePair: 2, result: ENOTSUP });
    const capture = Uint8Array.of(2, 0, 1, 0, ...new Uint8Array(108));
    const pdump = refusalOf(PDUMP_ACTION, capture);
    expect(decodePdumpResponse(pdump ?? new Uint8Array())).to.deep.equal({
      version: 2,
      op: 1,
      result: ENOTSUP,
    });
  });

  it('leave the request as it is', () => {
    const request = Buffer.from(encodeEna({ type: EnaType.MTU_SET, portId: 3 }));
    const before = Buffer.from(request);
    refusalOf(ENA_ACTION, request);
    expect(request).to.deep.equal(before);
  });

  it('are undefined for other actions, and for params that C never sends', () => {
    expect(refusalOf('echo', new Uint8Array(40))).to.equal(undefined);
    for (const name of [MLX5_ACTION, IPSEC_MB_ACTION, PDUMP_ACTION])
      expect(refusalOf(name, new Uint8Array(3))).to.equal(undefined);
  });
});

import { HeadParam } from './head.js';
import { decodeIpsecMb, encodeIpsecMb, IPSEC_MB_ACTION } from './ipsec-mb.js';
import { MLX4_ACTION, MLX5_ACTION } from './mellanox.js';
import { ENA_ACTION } from './nics.js';
import { decodePdumpRequest, encodePdumpResponse, PDUMP_ACTION } from './tools.js';

/** Linux's ENOTSUP as answers have it. */
const ENOTSUP = -95;
/** {@link MLX5_ACTION} before 21.11 (`MLX5_MP_NAME`, drivers/net/mlx5/mlx5.h). */
const OLD_MLX5_ACTION = 'net_mlx5_mp';

type Refusal = (param: Uint8Array) => Uint8Array;

/** Repeats all that a driver's request says, with the result. */
const refuseDriver: Refusal = (request) => {
  const param = new Uint8Array(request);
  HeadParam.view(param).result = ENOTSUP;
  return param;
};

const REFUSALS = new Map<string, Refusal>([
  [PDUMP_ACTION, (param) => encodePdumpResponse({ ...decodePdumpRequest(param), result: ENOTSUP })],
  [IPSEC_MB_ACTION, (param) => encodeIpsecMb({ ...decodeIpsecMb(param), result: ENOTSUP })],
  [MLX5_ACTION, refuseDriver],
  [OLD_MLX5_ACTION, refuseDriver],
  [MLX4_ACTION, refuseDriver],
  [ENA_ACTION, refuseDriver],
]);

/**
 * Returns the param of an answer that refuses a request (-ENOTSUP), if the C secondary would crash at an IGN: these drivers
 * and tools read the one answer that they expect without checking that it is there. Returns `undefined` where IGN does no
 * harm.
 *
 * @example
 * const refusal = refusalOf(msg.name, msg.param); // as a primary
 */
export function refusalOf(name: string, param: Uint8Array): Uint8Array | undefined {
  try {
    return REFUSALS.get(name)?.(param);
  } catch {
    return undefined; // C sends no such request
  }
}

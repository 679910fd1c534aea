import { ENA_ACTION } from './ena.js';
import { refuseHead } from './head.js';
import { decodeIpsecMb, encodeIpsecMb, IPSEC_MB_ACTION } from './ipsec-mb.js';
import { MLX4_ACTION } from './mlx4.js';
import { MLX5_ACTION } from './mlx5.js';
import { decodePdumpRequest, encodePdumpResponse, PDUMP_ACTION } from './pdump.js';

/** Of Linux: EOPNOTSUPP, as an answer has it. */
const ENOTSUP = -95;
/** {@link MLX5_ACTION} before 21.11 (`MLX5_MP_NAME`, drivers/net/mlx5/mlx5.h). */
const OLD_MLX5_ACTION = 'net_mlx5_mp';

type Refusal = (param: Uint8Array) => Uint8Array;

const refuseDriver: Refusal = (param) => refuseHead(param, ENOTSUP);

const REFUSALS = new Map<string, Refusal>([
  [PDUMP_ACTION, (param) => encodePdumpResponse({ ...decodePdumpRequest(param), result: ENOTSUP })],
  [IPSEC_MB_ACTION, (param) => encodeIpsecMb({ ...decodeIpsecMb(param), result: ENOTSUP })],
  [MLX5_ACTION, refuseDriver],
  [OLD_MLX5_ACTION, refuseDriver],
  [MLX4_ACTION, refuseDriver],
  [ENA_ACTION, refuseDriver],
]);

/**
 * The param of an answer that says no (-ENOTSUP) to a C secondary which would crash at an IGN: these drivers and tools read
 * the one answer that they expect without a look whether it is there. `undefined` where IGN does no harm.
 *
 * @example
 * const refusal = refusalOf(msg.name, msg.param); // as a primary
 */
export function refusalOf(name: string, param: Uint8Array): Uint8Array | undefined {
  try {
    return REFUSALS.get(name)?.(param);
  } catch {
    return undefined; // no such request comes from C
  }
}

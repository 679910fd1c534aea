import { getChars } from '../bytes.js';
import { DEV_NAME_MAX_LEN, putChars, viewOf } from '../eal/struct.js';

/**
 * A secondary asks the primary for the sockets of an AF_XDP port (`ETH_AF_XDP_MP_KEY`,
 * drivers/net/af_xdp/rte_eth_af_xdp.c, since 22.03).
 */
export const AFXDP_ACTION = 'afxdp_mp_send_fds';

// struct ipc_hdr (rte_eth_af_xdp.c), the same in 22.03 to 26.07: the port's name and nothing else
const IPC_HDR_SIZE = DEV_NAME_MAX_LEN;

/** A port, asked for or answered; in an answer a descriptor of each of its rx queues comes along. */
export interface AfxdpPort {
  /** As 'net_af_xdp0'. A primary asked for a port of another driver crashes; for an unknown one it doesn't answer. */
  readonly port: string;
}

/**
 * The param of a request or an answer. Throws `EINVAL` or `E2BIG` for a port that doesn't fit.
 *
 * @example
 * const param = encodeAfxdpPort({ port: 'net_af_xdp0' });
 */
export function encodeAfxdpPort({ port }: AfxdpPort): Uint8Array {
  const param = new Uint8Array(IPC_HDR_SIZE);
  putChars(param, 0, DEV_NAME_MAX_LEN, port, 'The port');
  return param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { port } = decodeAfxdpPort(msg.param); // and msg.takeFds()
 */
export function decodeAfxdpPort(param: Uint8Array): AfxdpPort {
  viewOf(param, IPC_HDR_SIZE, 'An AF_XDP port');
  return { port: getChars(param, 0, DEV_NAME_MAX_LEN) };
}

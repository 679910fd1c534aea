/** The request by which a secondary asks which virtual devices the primary has (VDEV_MP_KEY, drivers/bus/vdev/vdev.c). */
export const VDEV_ACTION = 'bus_vdev_mp';

// struct vdev_param (vdev.c): int type, int num, char name[RTE_DEV_NAME_MAX_LEN]
const VDEV_PARAM_SIZE = 72;
const NUM = 4;
/** VDEV_SCAN_REP (vdev.c) */
const VDEV_SCAN_REP = 3;

/**
 * The answer that ends a scan: how many devices were announced before it.
 *
 * @example
 * channel.registerAction(VDEV_ACTION, () => ({ param: encodeVdevScanReply(0) }));
 */
export function encodeVdevScanReply(count: number): Uint8Array {
  const param = new Uint8Array(VDEV_PARAM_SIZE);
  const view = new DataView(param.buffer);
  view.setInt32(0, VDEV_SCAN_REP, true);
  view.setInt32(NUM, count, true);
  return param;
}

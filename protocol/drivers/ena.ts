import { checkInteger, INT32_MAX } from '../eal/struct.js';
import { type DriverFields, type DriverFormat, type DriverMessage, decodeHead, encodeHead } from './head.js';

/** A secondary has the primary speak with an ENA device (`ENA_MP_NAME`, drivers/net/ena/ena_ethdev.c, since 22.03). */
export const ENA_ACTION = 'net_ena_mp';

/**
 * `enum ena_mp_req` (ena_ethdev.c): a secondary asks. What is got or set lies in the driver's part of shared memory; the
 * answer has the result only.
 */
export const EnaType = {
  /** Get the device's statistics. */
  DEV_STATS_GET: 0,
  /** Get those of its limits. */
  ENI_STATS_GET: 1,
  /** Set the MTU. */
  MTU_SET: 2,
  /** Get the table by which packets are spread over queues. */
  IND_TBL_GET: 3,
  /** Set that table. */
  IND_TBL_SET: 4,
  /** Get the customer's metrics; since 23.11. */
  CUSTOMER_METRICS_GET: 5,
  /** Get the statistics of ENA Express; since 23.11. */
  SRD_STATS_GET: 6,
} as const;

// struct ena_mp_body (ena_ethdev.c), the same in 22.03 to 26.07
const FORMAT: DriverFormat = { driver: 'ena', types: EnaType, size: 16 };
const MTU = 12;

/** A request to the primary, or its answer. */
export interface EnaMessage extends DriverMessage {
  /** MTU_SET: in bytes. Else 0. */
  readonly mtu: number;
}

/**
 * The param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link EnaType}, and for a number that is
 * no whole one of its range. A primary asked for the port of another driver may crash; for an unknown one it answers -ENODEV.
 * A secondary's requests were not run against a live driver: they need the hardware.
 *
 * @example
 * const param = encodeEna({ type: EnaType.MTU_SET, portId: 0, mtu: 9000 });
 */
export function encodeEna({ mtu = 0, ...head }: DriverFields<EnaMessage>): Uint8Array {
  checkInteger(mtu, 0, INT32_MAX, 'The MTU');
  const { param, view } = encodeHead(FORMAT, head);
  view.setInt32(MTU, mtu, true);
  return param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { result } = decodeEna(msg.param);
 */
export function decodeEna(param: Uint8Array): EnaMessage {
  const { head, view } = decodeHead(FORMAT, param);
  return { ...head, mtu: view.getInt32(MTU, true) };
}

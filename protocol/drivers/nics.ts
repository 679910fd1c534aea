// Messages of the NIC drivers hns3, netvsc, sxe2, ena and mana. HeadParam is struct hns3_mp_param (hns3_ethdev.h) of 19.11 to
// 26.07, struct netvsc_mp_param (hn_ethdev.c) of all releases that have it, and struct sxe2_mp_param (sxe2_mp.h) of 26.07.
import { checkInteger, INT32_MAX } from '../eal/params.js';
import { struct } from '../struct.js';
import { i32, u32, u64 } from '../struct-types.js';
import { type DriverFields, type DriverMessage, encodeDriver, HEAD, HeadParam } from './head.js';

/**
 * The action by which a primary tells its secondaries that a hns3 port starts or stops (`HNS3_MP_NAME`,
 * drivers/net/hns3/hns3_ethdev.h). It asks all of them as soon as one C secondary has the port, and waits up to 5 s for
 * each.
 */
export const HNS3_ACTION = 'net_hns3_mp';

/** `enum hns3_mp_req_type` (hns3_ethdev.h): what a primary asks for. */
export const Hns3Type = {
  /** The port sends and receives again. */
  START_RXTX: 1,
  /** The port neither sends nor receives any more. */
  STOP_RXTX: 2,
  /** The port sends again; since 21.11. */
  START_TX: 3,
  /** The port doesn't send any more; since 21.11. */
  STOP_TX: 4,
} as const;

/**
 * Encodes the param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link Hns3Type}, and for a
 * port or a result out of range. A secondary gives no answer for a port that it doesn't have.
 *
 * @example
 * const param = encodeHns3({ type: Hns3Type.STOP_RXTX, portId: 0 });
 */
export function encodeHns3(message: DriverFields): Uint8Array {
  return encodeDriver('hns3', Hns3Type, HeadParam, message);
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * channel.registerAction(HNS3_ACTION, ({ param }) => ({ param: encodeHns3({ ...decodeHns3(param), result: 0 }) }));
 */
export function decodeHns3(param: Uint8Array): DriverMessage {
  return HeadParam.decode(param);
}

/**
 * The action by which a primary tells its secondaries that the virtual function of a netvsc port goes away
 * (`NETVSC_MP_NAME`, drivers/net/netvsc/hn_ethdev.c, since 26.03, 25.11.1, 24.11.5 and 23.11.7).
 */
export const NETVSC_ACTION = 'net_netvsc_mp';

/** `enum netvsc_mp_req_type` (drivers/net/netvsc/hn_nvs.h): what a primary asks for. */
export const NetvscType = {
  /** Let go of the port of the virtual function. */
  VF_REMOVE: 1,
} as const;

/**
 * Encodes the param of a request or an answer; the port is that of the virtual function. Throws `EINVAL` for a type that
 * isn't one of {@link NetvscType}, and for a port or a result out of range. Not run against a live driver: that needs
 * Hyper-V.
 *
 * @example
 * const param = encodeNetvsc({ type: NetvscType.VF_REMOVE, portId: 1 });
 */
export function encodeNetvsc(message: DriverFields): Uint8Array {
  return encodeDriver('netvsc', NetvscType, HeadParam, message);
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { portId } = decodeNetvsc(msg.param);
 */
export function decodeNetvsc(param: Uint8Array): DriverMessage {
  return HeadParam.decode(param);
}

/**
 * The action by which a secondary asks the primary for the statistics of a sxe2 port (`SXE2_MP_NAME`,
 * drivers/net/sxe2/sxe2_mp.h, since 26.07).
 */
export const SXE2_ACTION = 'sxe2_mp_msg';

/**
 * `enum sxe2_mp_req_type` (sxe2_mp.h): what a secondary asks for. It waits up to 30 s. The primary writes statistics into
 * the memzone `sxe2_stats_mz`, whose first 16 bits are a lock that a C secondary takes before it asks.
 */
export const Sxe2Type = {
  /** Write the port's statistics into the memzone. */
  GET_STATS: 1,
  /** Write the port's extended statistics into the memzone, at most 128. */
  GET_XSTATS: 2,
  /** Set the statistics to 0. */
  RESET_STATS: 3,
} as const;

/**
 * Encodes the param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link Sxe2Type}, and for a
 * port or a result out of range. A primary gives no answer for a port that it doesn't have. Not run against a live driver:
 * that needs the hardware, and DPDK 26.07.
 *
 * @example
 * const param = encodeSxe2({ type: Sxe2Type.RESET_STATS, portId: 0 });
 */
export function encodeSxe2(message: DriverFields): Uint8Array {
  return encodeDriver('sxe2', Sxe2Type, HeadParam, message);
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { result } = decodeSxe2(msg.param);
 */
export function decodeSxe2(param: Uint8Array): DriverMessage {
  return HeadParam.decode(param);
}

/**
 * The action by which a secondary has the primary talk to an ENA device (`ENA_MP_NAME`, drivers/net/ena/ena_ethdev.c,
 * since 22.03).
 */
export const ENA_ACTION = 'net_ena_mp';

/**
 * `enum ena_mp_req` (ena_ethdev.c): what a secondary asks for. The data are in the driver's part of shared memory; the
 * answer has the result only.
 */
export const EnaType = {
  /** Get the device's statistics. */
  DEV_STATS_GET: 0,
  /** Get the statistics of the device's limits. */
  ENI_STATS_GET: 1,
  /** Set the MTU. */
  MTU_SET: 2,
  /** Get the indirection table, which spreads packets over queues. */
  IND_TBL_GET: 3,
  /** Set the indirection table. */
  IND_TBL_SET: 4,
  /** Get the customer's metrics; since 23.11. */
  CUSTOMER_METRICS_GET: 5,
  /** Get the statistics of ENA Express; since 23.11. */
  SRD_STATS_GET: 6,
} as const;

// struct ena_mp_body (ena_ethdev.c), the same in 22.03 to 26.07
const EnaParam = struct({ ...HEAD, mtu: i32 }, { name: 'A message of ena' });

/** A request to the primary, or its answer. */
export interface EnaMessage extends DriverMessage {
  /** MTU_SET: in bytes. Else 0. */
  readonly mtu: number;
}

/**
 * Encodes the param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link EnaType}, and for a
 * number out of range. A primary may crash when it is asked for the port of another driver; for an unknown port it answers
 * -ENODEV. A secondary's requests were not run against a live driver: they need the hardware.
 *
 * @example
 * const param = encodeEna({ type: EnaType.MTU_SET, portId: 0, mtu: 9000 });
 */
export function encodeEna(message: DriverFields<EnaMessage>): Uint8Array {
  checkInteger(message.mtu ?? 0, 0, INT32_MAX, 'The MTU');
  return encodeDriver('ena', EnaType, EnaParam, message);
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { result } = decodeEna(msg.param);
 */
export function decodeEna(param: Uint8Array): EnaMessage {
  return EnaParam.decode(param);
}

/** The action of the primary and the secondaries of a mana port (`MANA_MP_NAME`, drivers/net/mana/mana.h, since 22.11). */
export const MANA_ACTION = 'net_mana_mp';

/** `enum mana_mp_req_type` (mana.h). */
export const ManaType = {
  /** From a secondary: the answer brings the descriptor of the device. */
  VERBS_CMD_FD: 1,
  /** From a secondary: register memory. */
  CREATE_MR: 2,
  /** From a primary: the port sends and receives again. */
  START_RXTX: 3,
  /** From a primary: the port neither sends nor receives any more. */
  STOP_RXTX: 4,
  /** From a primary: the device is being reset; since 26.07. */
  RESET_ENTER: 5,
  /** From a primary, with the device's new descriptor: the reset is over; since 26.07. */
  RESET_EXIT: 6,
} as const;

// struct mana_mp_param (mana.h), the same in 22.11 to 26.07
const ManaParam = struct({ ...HEAD, address: u64, length: u32 }, { name: 'A message of mana' });

/** A request, or the answer to one. */
export interface ManaMessage extends DriverMessage {
  /** CREATE_MR: address of the memory to register. Else 0. */
  readonly address: bigint;
  /** CREATE_MR: length of that memory in bytes. Else 0. */
  readonly length: number;
}

/**
 * Encodes the param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link ManaType}, and for a
 * number out of range. A process gives no answer for a port that it doesn't have. Not run against a live driver: that needs
 * the hardware.
 *
 * @example
 * const param = encodeMana({ type: ManaType.STOP_RXTX, portId: 0 });
 */
export function encodeMana(message: DriverFields<ManaMessage>): Uint8Array {
  return encodeDriver('mana', ManaType, ManaParam, message);
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { type, address, length } = decodeMana(msg.param);
 */
export function decodeMana(param: Uint8Array): ManaMessage {
  return ManaParam.decode(param);
}

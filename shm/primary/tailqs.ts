import { writeText } from '../layout/fields.js';
import { TAILQ_NAME_OFFSET } from '../layout/releases.js';

// struct rte_tailq_head (rte_tailq.h): TAILQ_HEAD { first, last }, name
const TAILQ_HEAD_SIZE = 48;
const TAILQ_LAST = 8;
/** RTE_MAX_TAILQ (rte_config.h) is 32; a registration of a name that isn't listed needs a free entry at the end. */
export const MAX_TAILQS = 31;
/** RTE_TAILQ_NAMESIZE is 32. */
export const MAX_TAILQ_NAME = 31;

/**
 * Names of the lists of objects that the libraries of 20.11 to 26.11 register. A secondary looks up those of the
 * libraries that it is linked with, and fails without them; unused names do no harm.
 */
export const TAILQ_NAMES: readonly string[] = Object.freeze(
  `
  RTE_ACL RTE_DISTRIBUTOR RTE_DIST_BURST RTE_EFD RTE_FBK_HASH RTE_FIB RTE_FIB6 RTE_HASH RTE_IPSEC_SAD
  RTE_KNI RTE_LPM RTE_LPM6 RTE_MBUF_DYNFIELD RTE_MBUF_DYNFLAG RTE_MEMBER RTE_MEMPOOL RTE_REORDER
  RTE_RIB RTE_RIB6 RTE_RING RTE_STACK RTE_SWX_CTL_PIPELINE RTE_SWX_IPSEC RTE_SWX_PIPELINE RTE_THASH
  UIO_RESOURCE_LIST VFIO_CDX_RESOURCE_LIST VFIO_RESOURCE_LIST VMBUS_RESOURCE_LIST
  `
    .trim()
    .split(/\s+/),
);

/** Writes empty lists at `offset` of `config`, which C processes have at `configAddress`. */
export function writeTailqs(
  config: DataView,
  offset: number,
  configAddress: number,
  names: readonly string[],
): void {
  names.forEach((name, i) => {
    const at = offset + i * TAILQ_HEAD_SIZE;
    // an empty list's last element is its own head: with 0, the first insertion would write to address 0
    config.setBigUint64(at + TAILQ_LAST, BigInt(configAddress + at), true);
    writeText(config, at + TAILQ_NAME_OFFSET, name);
  });
}

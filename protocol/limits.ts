/** Size of a message's name field in bytes, NUL included: `RTE_MP_MAX_NAME_LEN` of rte_eal.h. */
export const MP_MAX_NAME_LEN = 64;

/** Most bytes a message's param can have: `RTE_MP_MAX_PARAM_LEN` of rte_eal.h. */
export const MP_MAX_PARAM_LEN = 256;

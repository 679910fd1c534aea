/** `dpdk-ipc/drivers`: what drivers and tools of DPDK say to each other over `rte_mp`. No I/O. */
export * from './fslmc.js';
export type { DriverFields, DriverMessage } from './head.js';
export * from './ipsec-mb.js';
export * from './mellanox.js';
export * from './nics.js';
export * from './ports.js';
export * from './tools.js';

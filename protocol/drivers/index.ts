/** `dpdk-ipc/drivers`: what drivers and tools of DPDK say to each other over `rte_mp`. No I/O. */
export * from './afxdp.js';
export * from './ena.js';
export * from './fslmc.js';
export type { DriverFields, DriverMessage } from './head.js';
export * from './hns3.js';
export * from './ipsec-mb.js';
export * from './mana.js';
export * from './memif.js';
export * from './mlx4.js';
export * from './mlx5.js';
export * from './netvsc.js';
export * from './pdump.js';
export * from './sxe2.js';
export * from './tap.js';
export * from './testpmd.js';

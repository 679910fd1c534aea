// What the suites about hotplug share.
import { findDpdk } from '../../support/dpdk/install.js';
import type { CPeer } from '../../support/dpdk/peer.js';

/** Arguments of EAL that give a C process virtual devices. */
export function driverArgs(release?: string): readonly string[] {
  const install = findDpdk(release);
  return 'missing' in install ? [] : (install.driverArgs ?? []);
}

/** The virtual devices of a C process, each with '1' if a driver has probed it. */
export async function devicesOf(peer: CPeer): Promise<Record<string, string>> {
  const from = peer.lines.length;
  await peer.command('devices');
  const lines = peer.lines.slice(from).filter(({ event }) => event === 'device');
  return Object.fromEntries(lines.map(({ fields }) => [fields.name, fields.probed]));
}

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pendingUnlessCi } from './needs-dpdk.js';
import type { PeerScope } from './peers-for.js';

// Devices that aren't there: EAL of a process within finds one, calls its driver or bus, and no hardware answers.

export interface FakeDevice {
  /** Environment variables that the process needs. */
  readonly env: Readonly<Record<string, string>>;
  /** A command that runs the rest of its command line. */
  readonly within: readonly string[];
  /** Whether EAL must look for PCI devices. */
  readonly isPci: boolean;
}

/** A command that runs the rest of its command line in a mount namespace with these mounts. */
function withMounts(commands: readonly string[], name = 'sh'): string[] {
  return ['unshare', '--mount', 'sh', '-c', [...commands, 'exec "$@"'].join(' && '), name];
}

/** For a `before` hook: the suite is pending where mounting is forbidden, as in most containers. */
export function needsFakeDevices(context: Mocha.Context): void {
  const [file = '', ...args] = [...withMounts(['mount -t tmpfs none /sys/class']), 'true'];
  const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status === 0) return;
  console.log(`    pending: no device can be faked: ${error?.message ?? stderr.trim()}`);
  context.skip();
}

export const PCI_ADDRESS = '0000:7d:00.0';

export interface PciIds {
  /** Such as '0x19e5'. */
  readonly vendor: string;
  readonly device: string;
}

/** Files of sysfs that EAL reads (pci_scan_one of drivers/bus/pci/linux/pci.c): a device without memory. */
const SYSFS = {
  subsystem_vendor: '0x0000',
  subsystem_device: '0x0000',
  class: '0x020000',
  resource: '0x0 0x0 0x0\n'.repeat(6),
};

/** Makes the files that EAL opens for a device of igb_uio (pci_uio_alloc_resource of linux/pci_uio.c). $0 is an empty folder. */
const UIO = [
  'mount --rbind /dev "$0"',
  'mount -t tmpfs none /dev',
  'ln -s "$0"/* /dev/',
  ': >/dev/uio0',
  'mount -t tmpfs none /sys/class',
  'mkdir -p /sys/class/uio/uio0/device',
  ': >/sys/class/uio/uio0/device/config',
];

/** A PCI device at PCI_ADDRESS, until the scope's test ends. */
export function fakePci(scope: PeerScope, { vendor, device }: PciIds): FakeDevice {
  const root = mkdtempSync(join(tmpdir(), 'dpdk-ipc-pci-'));
  scope.defer(() => rmSync(root, { recursive: true }));
  const bus = join(root, 'devices');
  const folder = join(bus, PCI_ADDRESS);
  mkdirSync(join(folder, 'uio', 'uio0'), { recursive: true });
  for (const [name, value] of Object.entries({ ...SYSFS, vendor, device }))
    writeFileSync(join(folder, name), `${value}\n`);
  symlinkSync('../igb_uio', join(folder, 'driver'));
  const dev = join(root, 'dev');
  mkdirSync(dev);
  return { env: { SYSFS_PCI_DEVICES: bus }, within: withMounts(UIO, dev), isPci: true };
}

/** A container of NXP's fslmc bus in that IOMMU group (rte_fslmc_scan of drivers/bus/fslmc/fslmc_bus.c). */
export function fakeFslmc(group: number): FakeDevice {
  const container = 'dprc.1';
  const folder = `/sys/bus/fsl-mc/devices/${container}`;
  const bus = [
    'mount -t tmpfs none /sys/bus',
    `mkdir -p ${folder}`,
    `ln -s groups/${group} ${folder}/iommu_group`,
  ];
  return { env: { DPRC: container }, within: withMounts(bus), isPci: false };
}

// A network namespace of its own for a process under test: what it makes there goes with it.

/** One end of a pair of interfaces that are both up. */
export const INTERFACE = 'v0';
const PAIR = `ip link add ${INTERFACE} type veth peer name v1 && ip link set ${INTERFACE} up && ip link set v1 up`;

/** A command that runs the rest of its command line in a network namespace with that interface. */
export const WITHIN_NETWORK = ['unshare', '--net', 'sh', '-c', `${PAIR} && exec "$@"`, 'sh'];

/** For a `before` hook: the suite is pending where making interfaces is forbidden, as in most containers. */
export function needsOwnNetwork(context: Mocha.Context): void {
  if (!hasIp()) pendingUnlessCi(context, "ip isn't installed; on Debian or Ubuntu: apt-get install iproute2");
  const [file = '', ...args] = [...WITHIN_NETWORK, 'true'];
  const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status === 0) return;
  console.log(`    pending: no interfaces can be made: ${error?.message ?? stderr.trim()}`);
  context.skip();
}

export function hasIp(): boolean {
  return spawnSync('which', ['ip'], { stdio: 'ignore' }).status === 0;
}

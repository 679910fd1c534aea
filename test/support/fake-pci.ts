// A PCI device that isn't there: EAL of a process within finds it, its driver is called, and no hardware answers.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerScope } from './peers-for.js';

export interface PciIds {
  /** As '0x19e5'. */
  readonly vendor: string;
  readonly device: string;
}

export interface FakePci {
  /** What a process needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** A command that runs the rest of its command line. */
  readonly within: readonly string[];
}

export const PCI_ADDRESS = '0000:7d:00.0';

/** The files of sysfs that EAL reads (pci_scan_one of drivers/bus/pci/linux/pci.c): no memory of its own. */
const SYSFS = {
  subsystem_vendor: '0x0000',
  subsystem_device: '0x0000',
  class: '0x020000',
  resource: '0x0 0x0 0x0\n'.repeat(6),
};

/**
 * What EAL opens of a device that the kernel's igb_uio drives (pci_uio_alloc_resource of drivers/bus/pci/linux/pci_uio.c),
 * in a mount namespace: nothing of it is seen outside. $0 is an empty folder.
 */
const OPENED = [
  'mount --rbind /dev "$0"',
  'mount -t tmpfs none /dev',
  'ln -s "$0"/* /dev/',
  ': >/dev/uio0',
  'mount -t tmpfs none /sys/class',
  'mkdir -p /sys/class/uio/uio0/device',
  ': >/sys/class/uio/uio0/device/config',
  'exec "$@"',
].join(' && ');

const within = (dev: string) => ['unshare', '--mount', 'sh', '-c', OPENED, dev];

/** For a `before` hook: the suite is pending where we may not mount anything, as in most containers. */
export function needsFakePci(context: Mocha.Context): void {
  const root = mkdtempSync(join(tmpdir(), 'dpdk-ipc-pci-'));
  try {
    const [file = '', ...args] = [...within(root), 'true'];
    const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8' });
    if (status === 0) return;
    console.log(`    pending: no PCI device can be faked: ${error?.message ?? stderr.trim()}`);
  } finally {
    rmSync(root, { recursive: true });
  }
  context.skip();
}

/** It goes with the scope's test. */
export function fakePci(scope: PeerScope, { vendor, device }: PciIds): FakePci {
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
  return {
    env: { SYSFS_PCI_DEVICES: bus },
    within: within(dev),
  };
}

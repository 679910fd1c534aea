import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';

/** What the descriptors of this process lead to, without the event loop's own. */
export function openDescriptors(): string[] {
  const targets: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (
        !target.startsWith('anon_inode:') &&
        target !== '/proc/self/fd' &&
        !/^\/proc\/\d+\/fd$/.test(target)
      ) {
        targets.push(target.replace(/^(pipe|socket):.*/, '$1'));
      }
    } catch {
      // The one that listed the directory.
    }
  }
  return targets.sort();
}

/** `count` descriptors of this file, closed again by `close`. */
export function someDescriptors(count: number): { fds: number[]; close(): void } {
  const fds = Array.from({ length: count }, () => openSync('/etc/hostname', 'r'));
  return {
    fds,
    close() {
      for (const fd of fds) closeSync(fd);
    },
  };
}

export function targetOf(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`);
}

// The descriptors of this process, and descriptors to send.
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const O_CLOEXEC = 0o2000000;
/** The event loop's own, and the directory that is read to list them. */
const NOT_COUNTED = /^anon_inode:|^\/proc\/(?:self|\d+)\/fd$/;

/** Number and target of each open descriptor. */
export function descriptorTargets(): Map<string, string> {
  const targets = new Map<string, string>();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      targets.set(fd, readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      // the descriptor that the directory was read through
    }
  }
  return targets;
}

/** The targets of the open descriptors, sorted, without the event loop's own. */
export function openDescriptors(): string[] {
  return [...descriptorTargets().values()]
    .filter((target) => !NOT_COUNTED.test(target))
    .map((target) => target.replace(/^(pipe|socket):.*/, '$1'))
    .sort();
}

/** Opens `count` descriptors of /etc/hostname; `close` closes them. */
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

export function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

export function isCloseOnExec(fd: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return (Number.parseInt(flags ?? '0', 8) & O_CLOEXEC) !== 0;
}

/** Reads the rest of the file. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(1024);
  let length = 0;
  for (let n = -1; n !== 0; length += n) n = readSync(fd, buffer, length, buffer.length - length, null);
  return buffer.toString('utf8', 0, length);
}

/** Runs `use` with descriptors of files that hold one text each, and closes them afterwards. */
export async function withFds<T>(texts: readonly string[], use: (fds: number[]) => T): Promise<Awaited<T>> {
  const fds = texts.map(fdHolding);
  try {
    return await use(fds);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** `count` texts of one letter each: a, b, c … */
export function letters(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String.fromCharCode(97 + i));
}

/** Content of received descriptors, in order. Fails for one that a child process would inherit. */
export function contents(fds: readonly number[]): string[] {
  return fds.map((fd) => {
    expect(isCloseOnExec(fd), `close-on-exec of descriptor ${fd}`).to.equal(true);
    return readAll(fd);
  });
}

function fdHolding(text: string): number {
  const dir = mkdtempSync(join(tmpdir(), 'dpdk-ipc-fd-'));
  try {
    writeFileSync(join(dir, 'file'), text);
    return openSync(join(dir, 'file'), 'r');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

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

/** Number and target of each open descriptor. */
export function openDescriptors(): Map<string, string> {
  const entries = readdirSync('/proc/self/fd').map((fd): [string, string | undefined] => [fd, targetOf(fd)]);
  return new Map(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** undefined for the descriptor that the directory itself was read through. */
function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
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

/** Everything that is left to read. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(1024);
  let length = 0;
  for (let n = -1; n !== 0; length += n) n = readSync(fd, buffer, length, buffer.length - length, null);
  return buffer.toString('utf8', 0, length);
}

/** Runs `use` with descriptors that hold one text each, and closes them behind it. */
export async function withFds<T>(texts: readonly string[], use: (fds: number[]) => T): Promise<Awaited<T>> {
  const fds = texts.map(fdHolding);
  try {
    return await use(fds);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** `count` texts of one letter each: a, b, c, … */
export function letters(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String.fromCharCode(97 + i));
}

/** The received descriptors' content, in order; fails for one that a child process would inherit. */
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

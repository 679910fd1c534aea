import { realpathSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { mountsAt } from '../../../sys/mounts.js';
import { textOf } from '../../../sys/process-facts.js';
import { type Check, describeProcess } from '../finding.js';

/** Starting processes and broadcasts hold the lock for milliseconds. */
const LOOK_AGAIN_MS = 300;

/** Who holds the runtime directory's `flock` keeps others from starting, or the primary from broadcasting. */
export const directoryLocked: Check = {
  id: 'directory-locked',
  async run({ directory, inspection }) {
    const before = lockHolders(directory);
    if (before.length === 0) return undefined;
    await sleep(LOOK_AGAIN_MS);
    const holder = lockHolders(directory).find(({ pid }) => before.some((other) => other.pid === pid));
    if (holder === undefined) return undefined;
    const { pid, kind } = holder;
    const isPrimary = pid === inspection?.primary?.pid;
    if (isPrimary && inspection?.state === 'starting') return undefined; // as every process that starts
    const who = pid > 0 ? describeProcess(pid) : 'a process of another pid namespace';
    return {
      severity: inspection?.state === 'starting' || kind === 'WRITE' ? 'error' : 'warning',
      what:
        kind === 'WRITE'
          ? 'The runtime directory is locked: no process can start its IPC, and the primary can not broadcast'
          : 'The runtime directory is locked: no process can start its IPC',
      evidence: `${who} has held a ${kind === 'WRITE' ? 'LOCK_EX' : 'LOCK_SH'} on ${directory} for ${LOOK_AGAIN_MS} ms and more`,
      fix: isPrimary
        ? 'It waits for the answers to a broadcast: see whether its secondaries answer'
        : `See what it waits for, or end it${pid > 0 ? `: kill ${pid}` : ''}`,
    };
  },
};

interface Holder {
  readonly pid: number;
  readonly kind: string;
}

/** Device, in hexadecimal, and inode: `1: FLOCK  ADVISORY  WRITE 123 fe:00:4711 0 EOF`; one that waits has `->` behind its number. */
const LOCK = /^\d+: FLOCK +ADVISORY +(READ|WRITE) (-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/** Inodes alone don't tell: each tmpfs counts its own from 1. */
function lockHolders(directory: string): Holder[] {
  const wanted = `${mountsAt(realpathSync(directory)).at(-1)?.device}:${statSync(directory).ino}`;
  return (textOf('/proc/locks') ?? '').split('\n').flatMap((line) => {
    const [, kind, pid, major = '', minor = '', inode] = LOCK.exec(line) ?? [];
    const found = `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}:${inode}`;
    return kind === undefined || found !== wanted ? [] : [{ pid: Number(pid), kind }];
  });
}

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MpError } from '../../../protocol/errors.js';
import { runtimePath } from '../../../protocol/paths.js';
import { mountsAt } from '../../../sys/mounts.js';
import { textOf, userName } from '../../../sys/proc.js';
import { foreignDirectory } from '../../../sys/runtime-owner.js';
import { type DoctorCheck, describeProcess, resultOrError } from '../doctor-check.js';

/** The path of a Unix socket holds 107 bytes; C cuts a longer one off. */
export const badPath: DoctorCheck = ({ runtimeDir, filePrefix }) => {
  const error = resultOrError(() => runtimePath(runtimeDir, filePrefix));
  if (!(error instanceof MpError)) return undefined;
  const isLong = error.code === 'ENAMETOOLONG';
  return {
    what: isLong ? 'The path of the runtime directory is too long' : 'The path is not usable',
    evidence: error.message,
    fix: isLong
      ? 'Start the primary and all other processes with a shorter --file-prefix, or in a shorter directory'
      : 'Give the --file-prefix and --runtime-dir that the primary has',
  };
};

/** Finds the first file or directory on the path to the sockets that this user may not use. */
export const noPermission: DoctorCheck = ({ directory, socketPath, uid }) => {
  const { R_OK, W_OK, X_OK } = constants;
  const needs: [path: string, mode: number, verb: string][] = [
    ...ancestors(directory).map((path): [string, number, string] => [path, X_OK, 'enter']),
    [directory, R_OK | W_OK | X_OK, 'make a socket in'],
    [`${directory}/config`, R_OK, 'read'],
    [socketPath, W_OK, 'send to'],
  ];
  const refused = needs.find(([path, mode]) => isRefused(path, mode));
  if (refused === undefined) return undefined;
  const [path, , verb] = refused;
  const { uid: owner, mode } = statSync(path);
  return {
    what: `${userName(uid)} may not ${verb} ${path}`,
    evidence: `its mode is ${(mode & 0o7777).toString(8).padStart(4, '0')} and it belongs to ${userName(owner)}; we are ${userName(uid)}`,
    fix: `Run as ${userName(owner)}, or start the primary as ${userName(uid)}: all DPDK processes must run as the same user`,
  };
};

function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [...ancestors(above), above];
}

/** Checks the real user id, as `access` does: DPDK chooses its directory by that id, too. */
function isRefused(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

/** Finds a runtime directory of another user, such as /tmp/dpdk: DPDK's choice without root and XDG_RUNTIME_DIR. */
export const foreignRuntimeDirectory: DoctorCheck = ({ directory, uid }) => {
  const foreign = foreignDirectory(directory);
  if (foreign === undefined) return undefined;
  const [owner, user] = [userName(foreign.uid), userName(uid)];
  return {
    what: `The runtime directory belongs to ${owner}, and any user could have made it: ${user} does not use it`,
    evidence: `${foreign.path} belongs to ${owner}, and every user may write to the directory above it; we are ${user}`,
    fix: `Run as ${owner} (sudo -u ${owner} …, or setpriv --reuid ${foreign.uid}), or have the primary use a directory in a place that only its owner may write to`,
  };
};

/** Starting processes and broadcasts hold the lock for milliseconds. */
const LOOK_AGAIN_MS = 300;

/** Finds a process that keeps the `flock` of the runtime directory: others can't start, or the primary can't broadcast. */
export const directoryLocked: DoctorCheck = async ({ directory, inspection }) => {
  const before = lockHolders(directory);
  if (before.length === 0) return undefined;
  await sleep(LOOK_AGAIN_MS);
  const holder = lockHolders(directory).find(({ pid }) => before.some((other) => other.pid === pid));
  if (holder === undefined) return undefined;
  const { pid, isExclusive } = holder;
  const isPrimary = pid === inspection?.primary?.pid;
  const isStarting = inspection?.state === 'starting';
  if (isPrimary && isStarting) return undefined; // every process holds it while it starts
  const who = pid > 0 ? describeProcess(pid) : 'a process of another pid namespace';
  return {
    severity: isStarting || isExclusive ? 'error' : 'warning',
    what: `The runtime directory is locked: no process can start its IPC${isExclusive ? ', and the primary can not broadcast' : ''}`,
    evidence: `${who} has held a ${isExclusive ? 'LOCK_EX' : 'LOCK_SH'} on ${directory} for ${LOOK_AGAIN_MS} ms and more`,
    fix: isPrimary
      ? 'It waits for the answers to a broadcast: see whether its secondaries answer'
      : `See what it waits for, or end it${pid > 0 ? `: kill ${pid}` : ''}`,
  };
};

interface LockHolder {
  readonly pid: number;
  readonly isExclusive: boolean;
}

/** A lock that is held: `1: FLOCK  ADVISORY  WRITE 123 fe:00:4711 0 EOF`. A waiting one has `->` behind its number. */
const LOCK = /^\d+: FLOCK +ADVISORY +(READ|WRITE) (-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/** Compares device and inode: each tmpfs counts its inodes from 1. */
function lockHolders(directory: string): LockHolder[] {
  const wanted = `${mountsAt(realpathSync(directory)).at(-1)?.device}:${statSync(directory).ino}`;
  return (textOf('/proc/locks') ?? '').split('\n').flatMap((line) => {
    const [, kind, pid, major = '', minor = '', inode] = LOCK.exec(line) ?? [];
    const found = `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}:${inode}`;
    return found === wanted ? [{ pid: Number(pid), isExclusive: kind === 'WRITE' }] : [];
  });
}

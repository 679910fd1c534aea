// What the suites about the doctor share.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { DatagramSocket } from '../../../sys/datagram-socket.js';
import type { Finding } from '../../../tools/doctor/doctor-check.js';
import { CProcess } from '../../support/c-process.js';
import { type CliOptions, cliJson } from '../../support/cli.js';
import { peerProgram } from '../../support/dpdk/build.js';
import { type EalOptions, ealArgs } from '../../support/dpdk/eal-args.js';
import { findDpdk } from '../../support/dpdk/install.js';
import type { PeerScope } from '../../support/dpdk/peers-for.js';

export const NOBODY = 65534;
/** For `startWrapped`. */
export const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

/** Options of `PeerScope.start` for a primary without hugepages, and with some. */
export const SMALL = { role: 'primary', hugepages: false, bigZone: false } as const;
export const HUGE = { role: 'primary', bigZone: false } as const;

export function secondarySocket(dir: string, pid: number): string {
  const name = readdirSync(dir).find((entry) => entry.startsWith(`mp_socket_${pid}_`));
  if (name === undefined) throw new Error(`Process ${pid} has no socket in ${dir}`);
  return join(dir, name);
}

export function openCount(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** A directory of the test's own, short enough for sockets. */
export function scratch(peers: { defer(undo: () => unknown): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'dr-'));
  peers.defer(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Sends datagrams from a socket without a name, as many as there is room for. */
export function sendBytes(to: string, datagrams: readonly Uint8Array[]): void {
  const socket = DatagramSocket.open('filesystem');
  if (typeof socket === 'number') throw new Error(`socket: ${socket}`);
  for (const bytes of datagrams) socket.send(bytes, [], to);
  socket.close();
}

export interface Examined {
  readonly status: number | string;
  readonly ids: readonly string[];
  readonly findings: readonly Finding[];
}

/** Runs `dpdk-ipc doctor --json` on one prefix. */
export async function examine(filePrefix: string, args: readonly string[] = [], options: CliOptions = {}) {
  const { status, result } = await cliJson(['doctor', '--file-prefix', filePrefix, ...args], options);
  const findings = result[0].findings as Finding[];
  return { status, findings, ids: findings.map(({ id }) => id) };
}

/** The finding of this id; no other error may be reported with it. */
export function expectFinding({ status, findings, ids }: Examined, id: string): Finding {
  const finding = findings.find((found) => found.id === id);
  if (finding === undefined) throw new Error(`No '${id}' but ${JSON.stringify(findings, undefined, 2)}`);
  const errors = findings.filter(({ severity }) => severity === 'error').map((found) => found.id);
  expect(errors, ids.join()).to.deep.equal(finding.severity === 'error' ? [id] : []);
  expect(status).to.equal(finding.severity === 'error' ? 1 : 0);
  return finding;
}

/** Starts a C primary with another program, such as `unshare` or `setpriv`. */
export async function startWrapped(
  peers: PeerScope,
  wrap: readonly string[],
  options: Partial<EalOptions>,
  env: Readonly<Record<string, string>>,
): Promise<CProcess> {
  const install = findDpdk();
  if ('missing' in install) throw new Error(install.missing);
  const { filePrefix } = peers;
  const args = ealArgs({ role: 'primary', filePrefix, memoryMb: 4, ...options });
  const command = [...wrap, ...install.wrap([peerProgram(install, 'primary'), ...args])];
  const primary = new CProcess('C primary', command, { NO_BIG: '1', ...env });
  peers.defer(() => primary[Symbol.asyncDispose]());
  await primary.waitFor(/^READY /);
  return primary;
}

/** Starts a C primary without files in the runtime directory, with its telemetry socket if wanted. */
export async function startPrivate(peers: PeerScope, telemetry: boolean): Promise<CProcess> {
  const install = findDpdk();
  if ('missing' in install) throw new Error(install.missing);
  const all = ealArgs({ role: 'primary', filePrefix: peers.filePrefix, memoryMb: 4, args: ['--in-memory'] });
  const args = telemetry ? all.filter((arg) => arg !== '--no-telemetry') : all;
  const command = install.wrap([peerProgram(install, 'primary'), ...args]);
  const primary = new CProcess('C primary', command, { NO_BIG: '1', NO_ACTIONS: '1' });
  peers.defer(() => primary[Symbol.asyncDispose]());
  await primary.waitFor(/^READY /);
  return primary;
}

/** Polls until `isTrue`, for states of the kernel that cause no event. The test's own timeout ends it. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(5);
}

/** Marks the test as pending where it can't change namespaces and users. */
export function needsRoot(context: Mocha.Context): void {
  const isRoot = process.getuid?.() === 0;
  const user = { uid: NOBODY, gid: NOBODY };
  if (isRoot && spawnSync(process.execPath, ['--version'], user).status === 0) return;
  console.log(
    `    pending: ${isRoot ? 'install Node where everybody may run it' : 'run as root'} to test with other users`,
  );
  context.skip();
}

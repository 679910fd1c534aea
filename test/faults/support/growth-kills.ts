// Node primaries that are killed while their memory grows, beside a C secondary that has their memory mapped.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openPrimary } from '../../../lib/index.js';
import { attachMemory } from '../../../shm/index.js';
import { CProcess } from '../../support/c-process.js';
import { findHugepages } from '../../support/dpdk/hugepages.js';
import { findDpdk } from '../../support/dpdk/install.js';
import type { CPeer } from '../../support/dpdk/peer.js';
import { PeerScope } from '../../support/dpdk/peers-for.js';
import { mpError } from '../../support/mp-error.js';
import { callsOf } from './victims.js';

/** The process that needs memory: the primary itself, or its secondary. */
export type Grower = 'primary' | 'secondary';

/** More bytes than the first pages have. */
const LARGE = 9 * 2 ** 20;
const PAGES = 2;
/** A secondary gives the primary 5 s to answer. */
const GROWTH_MS = 20_000;

/**
 * The primary dies at call `step` of a growth, or doesn't where there are fewer. The secondary goes on with what it has,
 * nobody takes its memory from it, and afterwards another primary begins with nothing left. Returns how many calls there
 * were where it did not die.
 */
export async function killGrowing(root: string, grower: Grower, step: number): Promise<number | undefined> {
  const scope = new PeerScope();
  scope.begin('kill-grow');
  try {
    const victim = await startVictim(scope, root, step);
    const secondary = await scope.start({ role: 'secondary', quiet: true });
    if ((await grow(grower, victim, secondary)) && (await isAlive(victim))) return callsOf(victim);
    const { signal } = await victim.exited;
    if (signal !== 'SIGKILL')
      throw new Error(`It ended with something else than SIGKILL.\n${victim.describe()}`);
    await goOnWithout(scope, grower, secondary);
    await takeOver(scope);
    return undefined;
  } finally {
    await scope.end();
  }
}

async function startVictim(scope: PeerScope, root: string, step: number): Promise<CProcess> {
  const program = join(root, 'test/faults/grow-child.js');
  const args = [scope.filePrefix, versionOfPeers(), String(step)];
  const victim = new CProcess(`victim at call ${step}`, [process.execPath, program, ...args]);
  scope.defer(() => victim[Symbol.asyncDispose]());
  await victim.waitFor(/^READY/, GROWTH_MS);
  return victim;
}

/** Whether the victim still prints how many calls were made. */
function isAlive(victim: CProcess): Promise<boolean> {
  victim.send('count');
  return victim.waitFor(/^calls /, GROWTH_MS).then(
    () => true,
    () => false,
  );
}

/** Whether the growth succeeded; else the primary is dead. */
async function grow(grower: Grower, victim: CProcess, secondary: CPeer): Promise<boolean> {
  victim.send('armed');
  await victim.waitFor(/^done armed/, GROWTH_MS);
  if (grower === 'secondary') {
    const { fields } = await secondary.command(`reserve LARGE ${LARGE}`, GROWTH_MS);
    return fields.errno === undefined;
  }
  victim.send(`reserve ${LARGE}`);
  const dead = victim.exited.then(() => false);
  return victim.waitFor(/^done reserve/, GROWTH_MS).then(
    () => true,
    () => dead,
  );
}

/** Checks what the secondary still can do. Locks that the dead primary held stay taken, as those of a C primary do. */
async function goOnWithout(scope: PeerScope, grower: Grower, secondary: CPeer): Promise<void> {
  const { filePrefix } = scope;
  using left = attachMemory({ filePrefix, stale: true });
  if (left.lookup('SHARED')?.bytes[4095] !== 0xa5) throw new Error('SHARED is not what it was');
  if (grower === 'secondary') {
    expectFields(await secondary.command('peek SHARED 0 4'), { hex: 'a5a5a5a5' });
    expectFields(await secondary.command('reserve SMALL 1000'), { name: 'SMALL' });
    expectFields(await secondary.command('free SMALL'), { ret: '0' });
  }
  const { code } = await mpError(openPrimary({ filePrefix, memory: memoryOfPeers() }));
  if (code !== 'EBUSY') throw new Error(`Another primary begins beside its secondary: ${code}`);
  if (grower === 'secondary') await secondary.quit();
  else secondary.kill('SIGKILL');
  await secondary.exited;
}

async function takeOver(scope: PeerScope): Promise<void> {
  const { filePrefix } = scope;
  const next = await openPrimary({ filePrefix, memory: memoryOfPeers() });
  scope.defer(() => next.close());
  const pages = readdirSync(findHugepages()?.dir ?? '').filter((name) =>
    name.startsWith(`${filePrefix}map_`),
  );
  if (pages.length !== PAGES) throw new Error(`There are ${pages.length} pages: ${pages.join(', ')}`);
  const zones = next.memory.memzones();
  if (zones.length > 0) throw new Error(`There is ${zones[0]?.name} already`);
  const secondary = await scope.start({ role: 'secondary', quiet: true });
  // the primary is this process, which answers meanwhile
  expectFields(await secondary.command(`reserve LARGE ${LARGE}`, GROWTH_MS), { name: 'LARGE' });
  await secondary.quit();
}

function expectFields(
  { text, fields }: Awaited<ReturnType<CPeer['command']>>,
  wanted: Record<string, string>,
): void {
  for (const [name, value] of Object.entries(wanted)) {
    if (fields[name] !== value || fields.errno !== undefined)
      throw new Error(`${name} is not ${value}: ${text}`);
  }
}

function memoryOfPeers() {
  return { hugepages: PAGES, version: versionOfPeers() };
}

function versionOfPeers(): string {
  const install = findDpdk();
  if ('missing' in install) throw new Error(install.missing);
  return install.version;
}

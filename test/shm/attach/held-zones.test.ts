// Zones that the program holds are found again without a search, and must be as right as those that a search finds.
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { attachMemory } from '../../../shm/attach/attach.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { collectUntil } from '../../support/gc.js';
import { expectError } from '../../support/mp-error.js';
import { attachLive, zoneOf } from '../support/live-memory.js';

describeReleases('shm: zones that are held', (release) => {
  const scope = peersFor('shm-known', 'test', release);

  before(async function () {
    await needsDpdk(this, { release, hugepages: 8 });
  });

  it('are the same object at the next lookup while they or their bytes are held', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    await primary.command('reserve OWN 100');
    const memory = attachLive(scope);
    const zone = zoneOf(memory, 'OWN');
    expect(zoneOf(memory, 'OWN')).to.equal(zone);
    expect(await memory.lookupAsync('OWN')).to.equal(zone);
    const held = new WeakRef(zoneOf(memory, 'SHARED_INFO'));
    const bytes = zoneOf(memory, 'SHARED_INFO').bytes.subarray(8, 16);
    await collectUntil(() => held.deref() === undefined);
    expect(zoneOf(memory, 'SHARED_INFO')).to.equal(held.deref());
    expect(zoneOf(memory, 'SHARED_INFO').buffer).to.equal(bytes.buffer);
  });

  it('are not found once they are freed, and are new objects once they are reserved again', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const memory = attachLive(scope);
    await primary.command('reserve OWN 100');
    const first = zoneOf(memory, 'OWN');
    expect(first.bytes.length).to.be.at.least(100);
    await primary.command('free OWN');
    expect(memory.lookup('OWN')).to.equal(undefined);
    // OTHER takes the entry in the table; OWN comes back in another one
    await primary.command('reserve OTHER 100');
    await primary.command('reserve OWN 5000');
    const second = zoneOf(memory, 'OWN');
    expect(second).not.to.equal(first);
    expect(second.len).to.be.at.least(5000);
    expect([first.valid, second.valid]).to.deep.equal([false, true]);
  });

  it('throw ENOPRIMARY once the primary is dead, and ERESTARTED once another one runs', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const memory = attachLive(scope);
    const zone = zoneOf(memory, 'SHARED_INFO');
    expect(zone.bytes.length).to.equal(4096);
    primary.kill('SIGKILL');
    await primary.exited;
    expectError('ENOPRIMARY', () => memory.lookup('SHARED_INFO'));
    expectError('ENOPRIMARY', () => zone.bytes);
    await scope.start({ role: 'primary', bigZone: false });
    expectError('ERESTARTED', () => memory.lookup('SHARED_INFO'));
    expectError('ERESTARTED', () => zone.bytes);
  });

  it('stay valid while the primary is stopped', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const memory = attachLive(scope);
    primary.kill('SIGSTOP');
    expect(zoneOf(memory, 'SHARED_INFO').valid).to.equal(true);
    primary.kill('SIGCONT');
  });

  it('have one descriptor that watches the primary, closed by detach', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    expect(existsSync(`/proc/${primary.pid}`)).to.equal(true);
    const before = watches();
    const memory = attachMemory({ filePrefix: scope.filePrefix });
    expect(watches()).to.equal(before + 1);
    memory.detach();
    memory.detach();
    expect(watches()).to.equal(before);
  });

  it('are copied to the given array, and nowhere else', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    await primary.command('reserve OWN 4096');
    await primary.command('fill OWN 7');
    const memory = attachLive(scope);
    const zone = zoneOf(memory, 'OWN');
    const all = new Uint8Array(100).fill(9);
    const into = all.subarray(10, 90);
    const copy = memory.snapshot(zone, { offset: 4, length: 16, into });
    expect([copy.buffer, copy.byteOffset, copy.length]).to.deep.equal([all.buffer, 10, 16]);
    expect(copy).to.deep.equal(Uint8Array.from(zone.bytes.subarray(4, 20)));
    expect(all.filter((byte) => byte === 9).length).to.be.at.least(84);
    expect(all.subarray(26)).to.deep.equal(new Uint8Array(74).fill(9));
    expectError('ERANGE', () => memory.snapshot(zone, { into: new Uint8Array(4095) }));
    expect(memory.snapshot(zone, { into: new Uint8Array(5000) }).length).to.equal(4096);
  });
});

/** How many pidfds this process has open. */
function watches(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /pidfd/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false; // the descriptor of the listing itself
    }
  }).length;
}

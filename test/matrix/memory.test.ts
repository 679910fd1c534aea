// A primary's memory of each release, through a channel; the C side verifies.
import { expect } from 'chai';
import type { MpChannel, SharedMemory } from '../../lib/index.js';
import { expectServing } from '../live/support/asking.js';
import { live } from '../live/support/live.js';
import { countInWorkers } from '../shm/attach/support/count-in-workers.js';
import { patternErrors, patternFill, zoneOf } from '../shm/support/live-memory.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { describeReleases } from '../support/dpdk/releases.js';

const BIG_LEN = 5 << 20;
/** More than the big zone leaves of 16 MiB. */
const MORE_LEN = 12 << 20;

describeReleases('matrix: memory', (release) => {
  const scope = live('memory', { attachable: true, release });
  let primary: CPeer;
  let channel: MpChannel;
  let memory: SharedMemory;

  beforeEach(async () => {
    primary = await scope.startPrimary({ bigZone: true });
    channel = await scope.open({ memory: { writable: true } });
    memory = channel.memory;
  });

  it('has the version and the zones of the primary', async () => {
    expect(`DPDK ${memory.version}`).to.equal(
      primary.lines.find(({ event }) => event === 'READY')?.fields.version,
    );
    expect(memory.memzones().map(({ name }) => name)).to.have.members(['SHARED_INFO', 'BIG']);
    for (const zone of memory.memzones()) {
      const { fields } = await primary.command(`lookup ${zone.name}`);
      expect([zone.addr, zone.iova]).to.deep.equal([BigInt(fields.addr ?? 0), BigInt(fields.iova ?? 0)]);
      expect(String(zone.len)).to.equal(fields.len);
    }
    expect(memory.lookup('NOTHING')).to.equal(undefined);
  });

  it('shares bytes both ways, across the pages of 5 MiB', async () => {
    const { bytes } = zoneOf(memory, 'BIG');
    expect(bytes.length).to.equal(BIG_LEN);
    await primary.command('fill BIG 7');
    expect(patternErrors(bytes, 7)).to.equal(0);
    patternFill(bytes, 99);
    expect((await primary.command('verify BIG 99')).fields).to.include({
      bad: '0',
      words: String(BIG_LEN / 4),
    });
    await primary.command('poke BIG 5242878 beef');
    expect([...bytes.subarray(-2)]).to.deep.equal([0xbe, 0xef]);
    bytes.set([1, 2, 3], 2 << 20);
    expect((await primary.command('peek BIG 2097152 3')).fields.hex).to.equal('010203');
  });

  it('makes copies that do not change', async () => {
    await primary.command('fill BIG 5');
    const copy = memory.snapshot(zoneOf(memory, 'BIG'));
    await primary.command('fill BIG 6');
    expect(patternErrors(copy, 5)).to.equal(0);
    expect(patternErrors(zoneOf(memory, 'BIG').bytes, 6)).to.equal(0);
  });

  it('lists the pages that the zones are in', () => {
    const pages = new Set(memory.memsegs().map(({ addr }) => addr));
    const size = BigInt(2 << 20);
    for (const { addr, len } of memory.memzones())
      for (let page = addr - (addr % size); page < addr + BigInt(len); page += size)
        expect(pages.has(page), `the page at ${page}`).to.equal(true);
  });

  it('grows and shrinks while the channel is a peer, which has to answer', async () => {
    const pages = memory.memsegs().length;
    for (const seed of [1, 2]) {
      const { received } = channel.stats;
      expect((await primary.command(`reserve MORE ${MORE_LEN}`)).fields.len).to.equal(String(MORE_LEN));
      await primary.command(`fill MORE ${seed}`);
      const zone = zoneOf(memory, 'MORE');
      expect(patternErrors(zone.bytes, seed)).to.equal(0);
      expect(memory.memsegs().length).to.be.greaterThan(pages);
      expect((await primary.command('free MORE')).fields.ret).to.equal('0');
      expect(zone.valid).to.equal(false);
      expect(memory.lookup('MORE')).to.equal(undefined);
      expect(memory.memsegs().length).to.equal(pages);
      // once when it grows, once when it shrinks
      expect(channel.stats.received).to.be.at.least(received + 2);
    }
    expect(channel.stats.dropped['no-action']).to.equal(0);
    await expectServing(primary, channel);
  });

  it('is shared with worker threads', async () => {
    const counted = await countInWorkers(zoneOf(memory, 'SHARED_INFO'));
    expect((await primary.command('stats')).fields.async_request_count).to.equal(String(counted));
  });
});

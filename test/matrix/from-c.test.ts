// What C processes of each release send to Node secondaries, without and with C secondaries beside them.
import { expect } from 'chai';
import type { MpChannel, ReceivedMessage } from '../../lib/index.js';
import { EVERY_BYTE, hasMessageThread } from '../live/support/asking.js';
import { live } from '../live/support/live.js';
import { isOpen } from '../support/descriptors.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { describeReleases } from '../support/dpdk/releases.js';
import { settling } from '../support/settling.js';
import { descriptorCounts, firstBytes, pipeBytes } from './support/expected.js';

const HEX = Buffer.from(EVERY_BYTE).toString('hex');
/** The byte in the first pipe that a C peer sends. */
const FIRST = 'Z'.charCodeAt(0);

const echo = ({ param, fds }: ReceivedMessage) => ({ param, fds });

/** Fields of what C reads from the pipes that come back. */
const pipesOf = (count: number) =>
  Object.fromEntries(
    pipeBytes(count, FIRST).map((byte, i) => [`fd${i}`, `fifo:${byte.toString(16).padStart(2, '0')}`]),
  );

describeReleases('matrix: a C primary to a Node secondary', (release) => {
  // before the scope, whose own hooks end the primary
  afterEach('its message thread is there', () => {
    expect(hasMessageThread(primary)).to.equal(true);
  });

  const scope = live('from-c', { release });
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
  });

  for (const [verb, event] of [
    ['reqfd', 'reqfd.reply'],
    ['areq', 'areply.reply'],
  ] as const) {
    for (const count of descriptorCounts(release)) {
      it(`${verb}: 256 bytes and ${count} descriptors, there and back`, async () => {
        channel.registerAction('mirror', echo);
        expect((await primary.command(`${verb} mirror hex:${HEX} 5000 ${count}`)).fields.ret).to.equal('0');
        const { fields } = await primary.waitFor((line) => line.event === event, { from: 0 });
        expect(fields).to.include({ len: '256', hex: HEX, nfds: String(count), ...pipesOf(count) });
      });
    }

    it(`${verb}: an empty param`, async () => {
      channel.registerAction('mirror', echo);
      await primary.command(`${verb} mirror - 5000 0`);
      const { fields } = await primary.waitFor((line) => line.event === event, { from: 0 });
      expect(fields).to.include({ len: '0', nfds: '0' });
    });
  }

  for (const count of descriptorCounts(release)) {
    it(`bcast: 256 bytes and ${count} descriptors, closed after the handler`, async () => {
      const heard = settling<{ param: Uint8Array; fds: readonly number[]; bytes: unknown }>();
      channel.registerAction('news', ({ param, fds }) => {
        heard.resolve({ param, fds, bytes: firstBytes(fds) });
      });
      expect((await primary.command(`bcastfd news hex:${HEX} ${count}`)).fields.ret).to.equal('0');
      const { param, fds, bytes } = await heard.promise;
      expect(bytes).to.deep.equal(pipeBytes(count, FIRST));
      expect(param).to.deep.equal(EVERY_BYTE);
      expect(fds.some(isOpen)).to.equal(false);
      expect(channel.stats.fdsClosedUnclaimed).to.equal(count);
    });
  }

  it('answers an unknown action with IGN', async () => {
    for (const verb of ['req', 'areq']) {
      await primary.command(`${verb} unknown - 5000`);
      const result = await primary.waitFor(verb === 'req' ? /^req / : /^areply /, { from: 0 });
      expect(result.fields).to.include({ nb_sent: '0', nb_received: '0' });
    }
    expect(channel.stats.dropped['no-action']).to.equal(2);
  });
});

describeReleases('matrix: C and Node secondaries of one primary', (release) => {
  const scope = live('mixed', { attachable: true, release });
  let primary: CPeer;
  let secondary: CPeer;
  let channels: MpChannel[];

  beforeEach(async () => {
    primary = await scope.startPrimary();
    const first = await scope.open(); // opened before the C secondary starts
    secondary = await scope.startSecondary();
    channels = [first, await scope.open()];
  });

  it('all get a broadcast, and a request', async () => {
    const heard = channels.map((channel) => {
      const { promise, resolve } = settling<string>();
      channel.registerAction('silent', (msg) => resolve(msg.text()));
      channel.registerAction('echo', echo);
      return promise;
    });
    expect((await primary.command('bcast silent everybody')).fields.ret).to.equal('0');
    expect(await Promise.all(heard)).to.deep.equal(['everybody', 'everybody']);
    expect((await secondary.waitFor(/^got name=silent/)).fields.text).to.equal('everybody');
    for (const [verb, event] of [
      ['req', 'req'],
      ['areq', 'areply'],
    ] as const) {
      await primary.command(`${verb} echo all 5000`);
      const { fields } = await primary.waitFor((line) => line.event === event && 'nb_sent' in line.fields);
      expect(fields).to.include({ nb_sent: '3', nb_received: '3' });
    }
    expect([primary, secondary].map(hasMessageThread)).to.deep.equal([true, true]);
  });

  it('ask the primary at the same time', async () => {
    const asking = channels.map((channel, i) => channel.request({ name: 'echo', param: `node ${i}` }));
    expect((await secondary.command('reqfd fdecho - 5000 1')).fields.nb_received).to.equal('1');
    expect((await Promise.all(asking)).map(({ msgs }) => msgs[0]?.text())).to.deep.equal([
      'node 0',
      'node 1',
    ]);
  });

  it('see the zone for which the heap grows, reserved by a C secondary', async () => {
    const [channel] = channels;
    const before = channel?.memory.memsegs().length;
    expect((await secondary.command(`reserve THEIRS ${6 << 20}`)).fields.len).to.equal(String(6 << 20));
    await secondary.command('poke THEIRS 6000000 c0ffee');
    const zone = channel?.memory.lookup('THEIRS');
    expect([...(zone?.bytes.subarray(6_000_000, 6_000_003) ?? [])]).to.deep.equal([0xc0, 0xff, 0xee]);
    expect(channel?.memory.memsegs().length).to.be.greaterThan(before ?? Number.NaN);
    expect((await secondary.command('free THEIRS')).fields.ret).to.equal('0');
    expect(zone?.valid).to.equal(false);
  });
});

// Datagrams that no C process sends: the channel counts them, and does nothing else.
import { expect } from 'chai';
import type { MpChannel, MpError } from '../../lib/index.js';
import { DIALECTS, encodeMessage, MpType } from '../../protocol/index.js';
import { letters, withFds } from '../support/descriptors.js';
import { live } from './support/live.js';
import { DIALECT, RawPeer, sendUnbound } from './support/raw-peer.js';

const { offsets, wireLength } = DIALECTS[DIALECT];

/** A datagram with one of its 32-bit words replaced. */
function withWord(offset: number, value: number): Uint8Array {
  const bytes = encodeMessage(DIALECT, MpType.REQ, { name: 'echo' });
  new DataView(bytes.buffer).setInt32(offset, value, true);
  return bytes;
}

const MALFORMED: Readonly<Record<string, Uint8Array>> = {
  'no byte at all': new Uint8Array(),
  'a byte too few': new Uint8Array(wireLength - 1),
  'a byte too many': new Uint8Array(wireLength + 1),
  'the length of another release': new Uint8Array(340),
  'a negative len_param': withWord(offsets.lenParam, -1),
  'a len_param of 257': withWord(offsets.lenParam, 257),
  'a negative num_fds': withWord(offsets.numFds, -1),
  'a num_fds of 9': withWord(offsets.numFds, 9),
  'a num_fds of 8 without descriptors': withWord(offsets.numFds, 8),
};

describe('live: odd datagrams at a secondary', () => {
  const scope = live('odd');
  let raw: RawPeer;
  let channel: MpChannel;
  let path: string;

  beforeEach(async () => {
    raw = RawPeer.bind(scope, 'mp_socket');
    channel = await scope.open();
    path = channel.socketPath ?? '';
    channel.registerAction('echo', (msg) => ({ param: msg.param }));
  });

  /** Expects an answer to a request, which comes after everything that was sent before. */
  async function expectServing(): Promise<void> {
    raw.send(path, MpType.REQ, { name: 'echo', param: 'still there?' });
    const { name, type, param, sender } = await raw.next();
    expect({ name, type, sender }).to.deep.equal({ name: 'echo', type: MpType.REP, sender: path });
    expect(Buffer.from(param).toString()).to.equal('still there?\0');
  }

  for (const [what, bytes] of Object.entries(MALFORMED)) {
    it(`drops ${what}, with one warning`, async () => {
      const warnings: MpError[] = [];
      channel.on('warning', (warning) => warnings.push(warning));
      raw.sendBytes(path, bytes);
      raw.sendBytes(path, bytes);
      await expectServing();
      expect(channel.stats.dropped).to.include({ malformed: 2, truncated: 0 });
      expect(channel.stats.received).to.equal(1);
      expect(warnings.map(({ code }) => code)).to.deep.equal(['EBADMSG']);
    });
  }

  it('closes descriptors that the datagram does not announce', async () => {
    await withFds(letters(3), (fds) =>
      raw.sendBytes(path, encodeMessage(DIALECT, MpType.REQ, { name: 'echo' }), fds),
    );
    await expectServing();
    expect(channel.stats.dropped.malformed).to.equal(1);
    expect(channel.stats.fdsClosedUnclaimed).to.equal(3);
  });

  it('drops a name without its NUL', async () => {
    const bytes = encodeMessage(DIALECT, MpType.REQ, { name: 'echo' });
    bytes.fill(0x61, offsets.name, offsets.name + 64);
    raw.sendBytes(path, bytes);
    await expectServing();
    expect(channel.stats.dropped['unterminated-name']).to.equal(1);
  });

  it('ignores bytes after the NUL of a name', async () => {
    const bytes = encodeMessage(DIALECT, MpType.REQ, { name: 'echo', param: 'x' });
    bytes.fill(0x61, offsets.name + 'echo'.length + 1, offsets.name + 64);
    raw.sendBytes(path, bytes);
    expect((await raw.next()).name).to.equal('echo');
  });

  it('drops answers to no request, and their descriptors', async () => {
    await withFds(['a'], (fds) => raw.send(path, MpType.REP, { name: 'echo', fds }));
    raw.send(path, MpType.IGN, { name: 'echo' });
    await expectServing();
    expect(channel.stats.lateReplies).to.equal(2);
    expect(channel.stats.fdsClosedUnclaimed).to.equal(1);
  });

  it('takes an unknown type for a message, as C does', async () => {
    raw.sendBytes(path, withWord(offsets.type, 4));
    await expectServing();
    expect(channel.stats).to.include({ received: 2, sent: 1 });
  });

  it('can not answer a sender without a socket of its own', async () => {
    sendUnbound(path, MpType.REQ, { name: 'echo' });
    await expectServing();
    expect(channel.stats.dropped['unsent-reply']).to.equal(1);
  });

  it('shows the param area of a message with a len_param of 0', async () => {
    const asking = channel.request({ name: 'driver' });
    const { sender } = await raw.next();
    const bytes = encodeMessage(DIALECT, MpType.REP, { name: 'driver' });
    bytes.set([1, 2, 3], offsets.param);
    raw.sendBytes(sender, bytes);
    using reply = await asking;
    expect(reply.msgs[0]?.param).to.have.length(0);
    expect([...(reply.msgs[0]?.paramArea.subarray(0, 4) ?? [])]).to.deep.equal([1, 2, 3, 0]);
  });

  it('lets no other process answer a request', async () => {
    const third = RawPeer.bind(scope, 'mp_socket_1_a');
    const asking = channel.request({ name: 'who' });
    const { sender } = await raw.next();
    expect(() => third.send(sender, MpType.REP, { name: 'who', param: 'not me' })).to.throw();
    raw.send(sender, MpType.REP, { name: 'who', param: 'me' });
    using reply = await asking;
    expect(reply.msgs[0]?.text()).to.equal('me');
  });

  it('waits on after an answer of another name, and after a malformed one', async () => {
    const asking = channel.request({ name: 'right' });
    const { sender } = await raw.next();
    await withFds(['a'], (fds) => raw.send(sender, MpType.REP, { name: 'wrong', fds }));
    raw.sendBytes(sender, new Uint8Array(331));
    raw.send(sender, MpType.REP, { name: 'right', param: 'at last' });
    using reply = await asking;
    expect(reply.msgs[0]?.text()).to.equal('at last');
    expect(channel.stats.dropped).to.include({ 'wrong-name': 1, malformed: 1 });
    expect(channel.stats.fdsClosedUnclaimed).to.equal(1);
  });

  it('does not take a surplus answer for the answer to the next request of that name', async () => {
    const first = channel.request({ name: 'again', param: 'one' });
    const { sender } = await raw.next();
    raw.send(sender, MpType.REP, { name: 'again', param: 'to one' });
    using _reply = await first;
    const second = channel.request({ name: 'again', param: 'two' });
    const { sender: next } = await raw.next();
    try {
      raw.send(sender, MpType.REP, { name: 'again', param: 'to one, once more' });
    } catch {
      // the reply socket may be gone
    }
    raw.send(next, MpType.REP, { name: 'again', param: 'to two' });
    using reply = await second;
    expect(reply.msgs[0]?.text()).to.equal('to two');
  });
});

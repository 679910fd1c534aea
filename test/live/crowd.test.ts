// Many secondaries of one primary, and two primaries side by side.
import { expect } from 'chai';
import type { MpChannel } from '../../lib/index.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { peersFor } from '../support/dpdk/peers-for.js';
import { rejected } from '../support/mp-error.js';
import { settling } from '../support/settling.js';
import { LiveScope, live } from './support/live.js';
import { ask, type NodePeer, NodeWorker } from './support/node-peers.js';

/** The texts that a C peer's last request got, in alphabetical order. */
function answersTo(peer: CPeer, name: string): (string | undefined)[] {
  return peer.lines
    .filter(({ event, fields }) => event === 'req.reply' && fields.name === name)
    .map(({ fields }) => fields.text)
    .sort();
}

describe('live: eight Node and two C secondaries', () => {
  const scope = live('crowd', { attachable: true });

  it('all ask, hear and answer the primary; a private channel gets no broadcast', async function () {
    this.timeout(120_000);
    const primary = await scope.startPrimary();
    const [cs, others, channels] = await Promise.all([startC(), startNodes(), openChannels()]);
    const hidden = await scope.open({ visibility: 'private' });
    for (const c of cs) expect((await c.command('req echo hi 5000')).fields.nb_received).to.equal('1');
    const asked = await Promise.all(others.map((node, i) => ask(node, `request echo node-${i}`)));
    expect(asked.map(({ fields }) => fields.text)).to.deep.equal(others.map((_, i) => `node-${i}`));
    const replies = await Promise.all(
      channels.map((one, i) => one.request({ name: 'echo', param: `here-${i}` })),
    );
    expect(replies.map(({ msgs }) => msgs[0]?.text())).to.deep.equal(channels.map((_, i) => `here-${i}`));
    using reply = await hidden.request({ name: 'echo', param: 'hidden' });
    expect(reply.msgs[0]?.text()).to.equal('hidden');

    const heard = channels.map(hearing);
    expect((await primary.command('bcast silent everybody')).fields.ret).to.equal('0');
    expect(await Promise.all(heard)).to.deep.equal(channels.map(() => 'everybody'));
    for (const node of [...others, ...cs]) {
      expect((await node.waitFor(/^got name="?silent/)).fields.text).to.equal('everybody');
    }

    const { fields } = await primary.command('req echo all 5000');
    expect(fields).to.include({ ret: '0', nb_sent: '10', nb_received: '10' });
    expect(answersTo(primary, 'echo')).to.deep.equal(Array.from({ length: 10 }, () => 'all'));
    await primary.command('areq echo async 5000');
    expect((await primary.waitFor(/^areply name=echo/)).fields).to.include({
      nb_sent: '10',
      nb_received: '10',
    });
    // only its own request
    expect(hidden.stats).to.include({ sent: 1, received: 1 });
    expect(hidden.socketPath).to.equal(undefined);
  });

  const startC = () => Promise.all([scope.startSecondary(), scope.startSecondary()]);

  async function startNodes(): Promise<NodePeer[]> {
    return Promise.all([NodeWorker.start(scope), NodeWorker.start(scope)]);
  }

  async function openChannels(): Promise<MpChannel[]> {
    const channels = await Promise.all(Array.from({ length: 6 }, () => scope.open()));
    for (const channel of channels) channel.registerAction('echo', (msg) => ({ param: msg.param }));
    return channels;
  }

  function hearing(channel: MpChannel): Promise<string> {
    const heard = settling<string>();
    channel.registerAction('silent', (msg) => heard.resolve(msg.text()));
    return heard.promise;
  }
});

describe('live: two prefixes side by side', () => {
  // before `left`, whose hooks count descriptors: `right` must have ended by then
  const right = new LiveScope(peersFor('right'), false);
  const left = live('left');

  it('do not reach each other', async () => {
    const primaries = await Promise.all([left.startPrimary(), right.startPrimary()]);
    const channels = await Promise.all([left.open(), right.open()]);
    const names = ['left', 'right'];
    channels.forEach((channel, i) => {
      channel.registerAction('which', () => ({ param: names[i] ?? '' }));
    });
    for (const [i, primary] of primaries.entries()) {
      const { fields } = await primary.command('req which - 5000');
      expect(fields).to.include({ ret: '0', nb_sent: '1', nb_received: '1' });
      expect(answersTo(primary, 'which')).to.deep.equal([names[i]]);
      await channels[i]?.sendMessage({ name: 'silent', param: names[i] ?? '' });
      await primary.waitFor(new RegExp(`^got name=silent .*text=${names[i]}`));
    }
    for (const [i, primary] of primaries.entries()) {
      const texts = primary.lines.filter(({ event }) => event === 'got').map(({ fields }) => fields.text);
      expect(texts).to.deep.equal([names[i]]);
    }
  });

  it('end independently of each other', async () => {
    const [first] = await Promise.all([left.startPrimary(), right.startPrimary()]);
    const [gone, there] = await Promise.all([left.open(), right.open()]);
    first?.kill('SIGKILL');
    await first?.exited;
    await rejected('ECONNREFUSED', gone.request({ name: 'echo' }));
    using reply = await there.request({ name: 'echo', param: 'alive' });
    expect(reply.msgs[0]?.text()).to.equal('alive');
  });
});

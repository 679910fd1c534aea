// Requests and messages of a primary to all of its secondaries.
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { IGNORE, type MpChannel, type MpTimeoutError, openPrimary } from '../../../lib/index.js';
import { DIALECTS } from '../../../protocol/index.js';
import { mpError } from '../../support/mp-error.js';
import { nextDatagram, type Stage, StageScope } from '../../support/stage.js';
import { describeTransports } from '../support/each-transport.js';

describeTransports('broadcast', (network) => {
  it('reaches every secondary except private ones', async () => {
    const primary = await network.openPrimary();
    const got: string[] = [];
    for (const id of ['a', 'b', 'c']) {
      const secondary = await network.openSecondary();
      secondary.registerAction('note', () => {
        got.push(id);
      });
      secondary.registerAction('ask', () => ({ param: id }));
    }
    const hidden = await network.openSecondary({ visibility: 'private' });
    hidden.registerAction('ask', () => ({ param: 'hidden' }));
    expect(hidden.socketPath).to.equal(undefined);
    expect(primary.peers()).to.have.lengthOf(3);
    expect(primary.peers()[0]?.pid).to.equal(process.pid);
    const reply = await primary.request({ name: 'ask' });
    expect(reply.msgs.map((msg) => msg.text()).sort()).to.deep.equal(['a', 'b', 'c']);
    await primary.sendMessage({ name: 'note' });
    while (got.length < 3) await new Promise(setImmediate);
    expect(got.sort()).to.deep.equal(['a', 'b', 'c']);
  });

  it('rejects with ETIMEDOUT and the answers that came when a secondary is silent', async () => {
    const primary = await network.openPrimary();
    const results: [string, (msg: unknown) => unknown][] = [
      ['reply', () => ({ param: 'yes' })],
      ['ignore', () => IGNORE],
      ['silent', () => {}],
    ];
    for (const [, handler] of results) {
      const secondary = await network.openSecondary();
      secondary.registerAction('mixed', handler as () => { param: string });
    }
    const timeout = (await mpError(primary.request({ name: 'mixed' }, { timeoutMs: 50 }))) as MpTimeoutError;
    expect([timeout.reply.nbSent, timeout.reply.nbReceived]).to.deep.equal([2, 1]);
    expect(timeout.reply.msgs[0]?.text()).to.equal('yes');
  });

  it('resolves with no answers when there is no secondary', async () => {
    const primary = await network.openPrimary();
    const reply = await primary.request({ name: 'x' });
    expect([reply.nbSent, reply.nbReceived, reply.msgs]).to.deep.equal([0, 0, []]);
    await primary.sendMessage({ name: 'x' });
  });
});

describe('broadcast, files in the runtime directory', () => {
  const scope = new StageScope();
  let stage: Stage;
  let primary: MpChannel;

  beforeEach(async () => {
    stage = scope.stage;
    primary = await scope.keep(openPrimary(stage.options));
  });

  it('removes dead sockets, and leaves other files alone', async () => {
    stage.socket('mp_socket_999999_dead').close();
    writeFileSync(`${stage.directory}/mp_socket_regular`, '');
    await primary.sendMessage({ name: 'x' });
    expect(existsSync(`${stage.directory}/mp_socket_999999_dead`)).to.equal(false);
    expect(existsSync(`${stage.directory}/mp_socket_regular`)).to.equal(true);
    stage.socket('mp_socket_999999_dead2').close();
    expect(await primary.request({ name: 'x' })).to.include({ nbSent: 0, nbReceived: 0 });
    stage.socket('mp_socket_999999_dead3').close();
    expect(primary.requestSync({ name: 'x' })).to.include({ nbSent: 0, nbReceived: 0 });
    expect(readdirSync(stage.directory).filter((name) => name.includes('dead'))).to.deep.equal([]);
  });

  it('rejects with ENOENT for a dangling link, after all other secondaries have got it', async () => {
    const raw = stage.socket('mp_socket_1_a');
    symlinkSync('nowhere', `${stage.directory}/mp_socket_0_link`);
    const error = await mpError(primary.sendMessage({ name: 'x' }));
    expect(error).to.include({ code: 'ENOENT', path: `${stage.directory}/mp_socket_0_link` });
    expect((await nextDatagram(raw)).bytes).to.have.lengthOf(DIALECTS['332/8'].wireLength);
    expect((await mpError(primary.request({ name: 'x' }))).code).to.equal('ENOENT');
  });
});

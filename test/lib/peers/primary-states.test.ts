// Primaries in every state, as a secondary or another primary meets them.
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { DIALECTS, encodeMessage, MpType } from '../../../protocol/index.js';
import { someDescriptors } from '../../support/descriptors.js';
import { mpError } from '../../support/mp-error.js';
import { answerNext, nextDatagram, type Stage, StageScope } from '../../support/stage.js';

const OLD = DIALECTS['332/8'];
const NEW = DIALECTS['340/253'];
const V22_11 = 0x160b0b63;
const V24_11 = 0x180b0063;
const V25_11 = 0x190b0063;

describe('a primary that', () => {
  const scope = new StageScope();
  const { keep } = scope;
  let stage: Stage;

  beforeEach(() => {
    stage = scope.stage;
  });

  it('uses 340 bytes gets 340 bytes, also when it replaces one that used 332', async () => {
    stage.writeConfig(V22_11);
    let raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    const first = secondary.request({ name: 'a' });
    expect(await answerNext(raw, OLD, { param: 'old' })).to.equal('a');
    expect((await first).msgs[0]?.text()).to.equal('old');
    raw = stage.replacePrimary(raw);
    stage.writeConfig(V25_11);
    const second = secondary.request({ name: 'b' });
    expect(await answerNext(raw, NEW, { param: 'new' })).to.equal('b');
    expect((await second).msgs[0]?.text()).to.equal('new');
    expect([secondary.dialect, secondary.maxFds]).to.deep.equal(['340/253', 253]);
    const sent = secondary.sendMessage({ name: 'c' });
    expect((await nextDatagram(raw)).bytes).to.have.lengthOf(340);
    await sent;
  });

  it('is of an unknown release makes opening fail with EVERSION, unless the dialect is given', async () => {
    stage.writeConfig(0x1b030063); // 27.03
    const raw = stage.socket('mp_socket');
    const refused = await mpError(openSecondary(stage.options));
    expect(refused.code).to.equal('EVERSION');
    expect(refused.message)
      .to.match(/27\.03/)
      .and.to.match(/dialect/);
    expect(readdirSync(stage.directory).sort()).to.deep.equal(['config', 'mp_socket']);
    const secondary = await keep(openSecondary({ ...stage.options, dialect: '340/253' }));
    const asked = secondary.request({ name: 'a' });
    await answerNext(raw, NEW, {});
    await asked;
  });

  it('is starting gets nothing before it is ready: senders wait for it', async () => {
    stage.writeConfig(V22_11, false);
    const raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    for (const attempt of [
      secondary.request({ name: 'a' }, { timeoutMs: 20 }),
      secondary.sendMessage({ name: 'a' }, { timeoutMs: 20 }),
      () => secondary.requestSync({ name: 'a' }, { timeoutMs: 20 }),
    ]) {
      const error = await mpError(attempt);
      expect(error.code).to.equal('ETIMEDOUT');
      expect(error.message).to.match(/starting/);
    }
    const asked = secondary.request({ name: 'b' });
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    expect(raw.receive()).to.equal(undefined);
    stage.writeConfig(V22_11, true);
    expect(await answerNext(raw, OLD, {})).to.equal('b');
    expect((await asked).nbReceived).to.equal(1);
  });

  it('is dead leaves a config that is ignored for a Node primary at the same place', async () => {
    stage.writeConfig(V25_11);
    stage.dropLock();
    const primary = await keep(openPrimary(stage.options));
    const secondary = await keep(openSecondary(stage.options));
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    expect((await secondary.request({ name: 'echo', param: 'x' })).msgs[0]?.text()).to.equal('x');
  });

  it('lives makes another primary fail with EADDRINUSE, by its lock or by its socket', async () => {
    stage.writeConfig(V22_11);
    expect((await mpError(openPrimary(stage.options))).code).to.equal('EADDRINUSE');
    stage.dropLock();
    const raw = stage.socket('mp_socket');
    expect((await mpError(openPrimary(stage.options))).code).to.equal('EADDRINUSE');
    raw.close();
    await keep(openPrimary(stage.options)); // takes over the dead one's socket
  });

  it('starts later may take more descriptors than the default dialect', async () => {
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    const own = someDescriptors(9);
    expect((await mpError(secondary.request({ name: 'x', fds: own.fds }))).code).to.equal('ENOENT');
    stage.writeConfig(V24_11);
    const raw = stage.socket('mp_socket');
    const asked = secondary.request({ name: 'x', fds: own.fds });
    await answerNext(raw, DIALECTS['332/253'], {});
    expect((await asked).nbReceived).to.equal(1);
    own.close();
  });

  it('is of an unknown release and replaces another one has its datagrams dropped, with their descriptors', async () => {
    let raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary(stage.options));
    raw = stage.replacePrimary(raw);
    stage.writeConfig(0x1b030063); // 27.03
    const own = someDescriptors(2);
    const bytes = encodeMessage(DIALECTS['340/253'], MpType.REQ, { name: 'mp_malloc_sync' });
    expect(raw.send(bytes, own.fds, secondary.socketPath)).to.equal(0);
    own.close();
    while (secondary.stats.dropped.malformed === 0) await new Promise(setImmediate);
    expect(secondary.stats.fdsClosedUnclaimed).to.equal(2);
    expect((await mpError(secondary.request({ name: 'x' }))).code).to.equal('EVERSION');
  });
});

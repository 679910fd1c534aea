// A Node primary: with Node secondaries, and in the place of a C primary whose C secondary is alive.
import { existsSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { type MpChannel, type MpTimeoutError, openPrimary } from '../../lib/index.js';
import { FileLock } from '../../sys/file-lock.js';
import { contents, letters, withFds } from '../support/descriptors.js';
import { rejected } from '../support/mp-error.js';
import { settling } from '../support/settling.js';
import { live } from './support/live.js';
import { ask, NodeWorker, startNodeProcess } from './support/node-peers.js';
import { RawPeer } from './support/raw-peer.js';

describe('live: a Node primary', () => {
  const scope = live('primary');
  const open = async () => scope.closeLater(await openPrimary({ filePrefix: scope.filePrefix }));

  it('is refused while a C primary runs, which does not notice', async () => {
    const primary = await scope.startPrimary();
    const error = await rejected('EADDRINUSE', open());
    expect(error.message).to.contain(String(primary.pid));
    const channel = await scope.open();
    using reply = await channel.request({ name: 'echo', param: 'still mine' });
    expect(reply.msgs[0]?.text()).to.equal('still mine');
  });

  it('is refused while another Node primary runs', async () => {
    await open();
    await rejected('EADDRINUSE', open());
  });

  it('replaces a C primary that was killed, and closes for the next one', async () => {
    const dead = await scope.startPrimary();
    const secondary = await scope.open();
    dead.kill('SIGKILL');
    await dead.exited;
    const primary = await open();
    primary.registerAction('who', () => ({ param: 'Node' }));
    using first = await secondary.request({ name: 'who' });
    expect(first.msgs[0]?.text()).to.equal('Node');
    await primary.close();
    expect(existsSync(`${scope.runtimeDir}/mp_socket`)).to.equal(false);
    await rejected('ENOENT', secondary.request({ name: 'who' }));
    await scope.startPrimary();
    using second = await secondary.request({ name: 'echo', param: 'C' });
    expect(second.msgs[0]?.text()).to.equal('C');
  });

  it('asks and is asked by secondaries in this thread, a worker and another process', async () => {
    const primary = await open();
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    const here = await scope.open();
    here.registerAction('tag', () => ({ param: 'here' }));
    const [worker, child] = await Promise.all([
      NodeWorker.start(scope, 'worker'),
      startNodeProcess(scope, 'secondary', 'child'),
    ]);
    expect(primary.peers()).to.have.length(3);
    expect(primary.peers().map(({ pid }) => pid)).to.include.members([process.pid, child.pid]);

    using reply = await primary.request({ name: 'tag' });
    expect(reply).to.include({ nbSent: 3, nbReceived: 3 });
    expect(reply.msgs.map((msg) => msg.text()).sort()).to.deep.equal(['child', 'here', 'worker']);

    await primary.sendMessage({ name: 'silent', param: 'to all' });
    for (const peer of [worker, child]) {
      expect((await peer.waitFor(/^got name="silent"/)).fields.text).to.equal('to all');
      expect((await ask(peer, 'request echo back')).fields.text).to.equal('back');
      expect((await ask(peer, 'requestSync echo again')).fields.text).to.equal('again');
    }
    using own = await here.request({ name: 'echo', param: 'own' });
    expect(own.msgs[0]?.text()).to.equal('own');

    await here.close();
    using sync = primary.requestSync({ name: 'tag' });
    expect(sync).to.include({ nbSent: 2, nbReceived: 2 });
    using ignored = primary.requestSync({ name: 'ignored' });
    expect(ignored).to.include({ nbSent: 0, nbReceived: 0 });
  });

  it('gets an empty reply without secondaries', async () => {
    const primary = await open();
    for (const reply of [await primary.request({ name: 'any' }), primary.requestSync({ name: 'any' })]) {
      expect(reply).to.include({ nbSent: 0, nbReceived: 0 });
    }
    await primary.sendMessage({ name: 'any' });
    expect(primary.peers()).to.deep.equal([]);
  });

  it('gets the answers that came when one secondary is silent', async () => {
    const primary = await open();
    const [quick, mute] = [await scope.open(), await scope.open()];
    quick.registerAction('tag', () => ({ param: 'quick' }));
    mute.registerAction('tag', () => {});
    const error = await rejected('ETIMEDOUT', primary.request({ name: 'tag' }, { timeoutMs: 50 }));
    const { reply } = error as MpTimeoutError;
    expect(reply).to.include({ nbSent: 2, nbReceived: 1 });
    expect(reply.msgs.map((msg) => msg.text())).to.deep.equal(['quick']);
  });

  it('removes the socket of a secondary that was killed, and does not count it', async () => {
    const primary = await open();
    const child = await startNodeProcess(scope);
    child.kill('SIGKILL');
    await child.exited;
    expect(primary.peers()).to.have.length(1);
    using reply = await primary.request({ name: 'echo' });
    expect(reply).to.include({ nbSent: 0, nbReceived: 0 });
    expect(primary.peers()).to.deep.equal([]);
  });

  it('leaves a plain file of that name where it is', async () => {
    const primary = await open();
    const path = `${scope.runtimeDir}/mp_socket_note`;
    writeFileSync(path, 'not a socket');
    using reply = await primary.request({ name: 'echo' });
    expect(reply.nbSent).to.equal(0);
    expect(existsSync(path)).to.equal(true);
  });

  it('accepts an answer only from the socket that it asked', async () => {
    const primary = await open();
    const asked = RawPeer.bind(scope, 'mp_socket_1_a');
    const asking = primary.request({ name: 'who' });
    const { sender } = await asked.next();
    const other = RawPeer.bind(scope, 'mp_socket_1_b');
    other.send(sender, 2, { name: 'who', param: 'not asked' });
    asked.send(sender, 2, { name: 'who', param: 'asked' });
    using reply = await asking;
    expect(reply.msgs.map((msg) => msg.text())).to.deep.equal(['asked']);
    expect(primary.stats.dropped['wrong-peer']).to.equal(1);
  });

  it('delays a broadcast while a process is starting', async () => {
    const primary = await open();
    const secondary = await scope.open();
    const heard = settling<string>();
    secondary.registerAction('news', (msg) => heard.resolve(msg.text()));
    const lock = FileLock.tryLock(scope.runtimeDir, 'exclusive') as FileLock;
    const sending = primary.sendMessage({ name: 'news', param: 'delayed' });
    await rejected('ETIMEDOUT', primary.request({ name: 'news' }, { timeoutMs: 20 }));
    expect(primary.stats.sent).to.equal(0);
    lock.release();
    await sending;
    expect(await heard.promise).to.equal('delayed');
  });
});

describe("live: a Node primary in a C primary's place", () => {
  const scope = live('place', { attachable: true });

  /** Opens a Node primary at the C primary's path. The C primary keeps the memory; without `config` it counts as dead. */
  async function takeOver(): Promise<MpChannel> {
    renameSync(`${scope.runtimeDir}/config`, `${scope.runtimeDir}/config.away`);
    unlinkSync(`${scope.runtimeDir}/mp_socket`);
    return scope.closeLater(await openPrimary({ filePrefix: scope.filePrefix }));
  }

  it('serves and asks the C secondary', async () => {
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    const primary = await takeOver();
    const heard = settling<string>();
    primary.registerAction('hello', (msg, peer) => ({ param: `${msg.text()} from ${peer.pid}` }));
    primary.registerAction('news', (msg) => heard.resolve(msg.text()));

    expect((await secondary.command('req hello hi 5000')).fields).to.include({ ret: '0', nb_received: '1' });
    expect((await secondary.waitFor(/^req\.reply/)).fields.text).to.equal(`hi from ${secondary.pid}`);
    await secondary.command('areq hello async 5000');
    expect((await secondary.waitFor(/^areply\.reply/)).fields.text).to.equal(`async from ${secondary.pid}`);
    await secondary.command('bcast news upwards');
    expect(await heard.promise).to.equal('upwards');
    expect((await secondary.command('req unknown - 5000')).fields).to.include({ ret: '0', nb_sent: '0' });

    expect(primary.peers().map(({ pid }) => pid)).to.deep.equal([secondary.pid]);
    await primary.sendMessage({ name: 'silent', param: 'downwards' });
    expect((await secondary.waitFor(/^got name=silent/)).fields.text).to.equal('downwards');
    for (const reply of [
      await primary.request({ name: 'ping', param: 'a' }),
      primary.requestSync({ name: 'ping', param: 'b' }),
    ]) {
      using answers = reply;
      expect(answers).to.include({ nbSent: 1, nbReceived: 1 });
      expect(answers.msgs[0]?.text()).to.match(/^pong[ab]$/);
    }
  });

  it('exchanges descriptors with it', async () => {
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    const primary = await takeOver();
    primary.registerAction('give', ({ fds }) => ({ param: contents(fds).join('') }));
    await secondary.command('reqfd give - 5000 8');
    expect((await secondary.waitFor(/^reqfd\.reply/)).fields.text).to.equal('Z[\\]^_`a');
    await withFds(letters(8), async (fds) => {
      using reply = await primary.request({ name: 'echo', fds });
      expect(contents(reply.msgs[0]?.fds ?? [])).to.deep.equal(letters(8));
    });
  });

  it('no longer counts a C secondary that was killed', async () => {
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    const primary = await takeOver();
    secondary.kill('SIGKILL');
    await secondary.exited;
    using reply = await primary.request({ name: 'echo' });
    expect(reply).to.include({ nbSent: 0, nbReceived: 0 });
    expect(primary.peers()).to.deep.equal([]);
  });
});

// What no well-behaved peer sends, and primaries in every state: each played by hand on raw sockets.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { type MpChannel, openPrimary, openSecondary } from '../../lib/index.js';
import { DIALECTS, encodeMessage, MpType } from '../../protocol/index.js';
import { someDescriptors } from '../support/descriptors.js';
import { mpError } from '../support/mp-error.js';
import { answerNext, nextDatagram, type Stage, StageScope } from '../support/stage.js';

const OLD = DIALECTS['332/8'];
const NEW = DIALECTS['340/253'];
const V22_11 = 0x160b0b63;
const V25_11 = 0x190b0063;

describe('hostile and odd peers', () => {
  const scope = new StageScope();
  const { keep } = scope;
  let stage: Stage;

  beforeEach(() => {
    stage = scope.stage;
  });

  describe('what a primary gets', () => {
    let primary: MpChannel;
    const warnings: string[] = [];
    const served: string[] = [];

    beforeEach(async () => {
      warnings.splice(0);
      served.splice(0);
      primary = await keep(openPrimary(stage.options));
      primary.on('warning', (error) => warnings.push(error.message));
      primary.registerAction('echo', (msg) => {
        served.push(msg.text());
        return { param: msg.param };
      });
    });

    /** Asks for an echo from `socket` and waits for it: everything sent before has been looked at then. */
    async function echo(socket: ReturnType<Stage['socket']>): Promise<void> {
      expect(socket.send(encodeMessage(OLD, MpType.REQ, { name: 'echo' }), [], stage.primaryPath)).to.equal(
        0,
      );
      await nextDatagram(socket);
    }

    it('of the wrong length is dropped and counted, with its descriptors closed', async () => {
      const raw = stage.socket('mp_socket_1_a');
      const own = someDescriptors(3);
      for (const length of [0, 1, 4, 331, 333, 340, 364, 511, 512, 513, 2000]) {
        expect(raw.send(new Uint8Array(Math.min(length, 512)), own.fds, stage.primaryPath)).to.equal(0);
        await echo(raw);
      }
      own.close();
      expect(primary.stats.dropped.malformed).to.equal(11);
      expect(primary.stats.fdsClosedUnclaimed).to.equal(33);
      expect(warnings).to.have.lengthOf(1);
    });

    it('with counts out of range, or other descriptors than it claims, is dropped', async () => {
      const raw = stage.socket('mp_socket_1_a');
      const own = someDescriptors(3);
      const { lenParam, numFds } = OLD.offsets;
      const bad: [number, number, number[]][] = [
        [lenParam, -1, []],
        [lenParam, 257, []],
        [lenParam, 0x7fffffff, []],
        [numFds, -1, []],
        [numFds, 9, []],
        [numFds, 1, []],
        [numFds, 8, own.fds],
        [numFds, 0, own.fds],
        [numFds, 2, own.fds],
      ];
      for (const [offset, value, fds] of bad) {
        const bytes = encodeMessage(OLD, MpType.REQ, { name: 'echo', param: 'no' });
        new DataView(bytes.buffer).setInt32(offset, value, true);
        expect(raw.send(bytes, fds, stage.primaryPath)).to.equal(0);
        await echo(raw);
      }
      own.close();
      expect(primary.stats.dropped.malformed).to.equal(bad.length);
      expect(served).to.not.include('no');
    });

    it('of an unknown type is a message, as in C; an answer that nobody waits for is dropped', async () => {
      const raw = stage.socket('mp_socket_1_a');
      for (const type of [4, -1, 0x7fffffff]) {
        const bytes = encodeMessage(OLD, MpType.MSG, { name: 'echo', param: `type ${type}` });
        new DataView(bytes.buffer).setInt32(0, type, true);
        raw.send(bytes, [], stage.primaryPath);
      }
      raw.send(encodeMessage(OLD, MpType.REP, { name: 'echo', param: 'rep' }), [], stage.primaryPath);
      raw.send(encodeMessage(OLD, MpType.IGN, { name: 'echo' }), [], stage.primaryPath);
      await echo(raw);
      expect(served).to.deep.equal(['type 4', 'type -1', 'type 2147483647', '']);
      expect(primary.stats.lateReplies).to.equal(2);
      expect(raw.receive()).to.equal(undefined); // nothing but the one echo was answered
    });

    it('without an end of its name reaches no handler', async () => {
      const raw = stage.socket('mp_socket_1_a');
      const bytes = encodeMessage(OLD, MpType.REQ, { name: 'echo' });
      bytes.fill(120, OLD.offsets.name, OLD.offsets.name + 64);
      raw.send(bytes, [], stage.primaryPath);
      await echo(raw);
      expect(primary.stats.dropped['unterminated-name']).to.equal(1);
      expect(raw.receive()).to.equal(undefined);
    });

    it('from a socket without a name is handled, and answered to nobody', async () => {
      const raw = stage.socket('mp_socket_1_a');
      const nameless = stage.socket();
      await echo(raw);
      nameless.send(encodeMessage(OLD, MpType.REQ, { name: 'echo', param: 'who' }), [], stage.primaryPath);
      await echo(raw);
      expect(served).to.deep.equal(['', 'who', '']);
      expect(raw.receive()).to.equal(undefined); // C answers whoever came before
      expect(primary.stats.dropped['unsent-reply']).to.equal(1);
    });

    it('skips and removes dead sockets in a broadcast, and leaves alone what is none', async () => {
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

    it('reports a link to nowhere after everybody else has got the broadcast', async () => {
      const raw = stage.socket('mp_socket_1_a');
      symlinkSync('nowhere', `${stage.directory}/mp_socket_0_link`);
      const error = await mpError(primary.sendMessage({ name: 'x' }));
      expect(error).to.include({ code: 'ENOENT', path: `${stage.directory}/mp_socket_0_link` });
      expect((await nextDatagram(raw)).bytes).to.have.lengthOf(OLD.wireLength);
      expect((await mpError(primary.request({ name: 'x' }))).code).to.equal('ENOENT');
    });
  });

  describe('what answers a secondary', () => {
    it('is told by its name and its length; nobody else can send to the reply socket', async () => {
      const raw = stage.socket('mp_socket');
      const intruder = stage.socket('mp_socket_1_a');
      const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
      const reply = secondary.request({ name: 'ask' });
      const { sender } = await nextDatagram(raw);
      const rep = (name: string, param: string) => encodeMessage(OLD, MpType.REP, { name, param });
      expect(intruder.send(rep('ask', 'intruder'), [], sender)).to.be.below(0);
      expect(raw.send(rep('other', 'wrong name'), [], sender)).to.equal(0);
      expect(raw.send(new Uint8Array(340), [], sender)).to.equal(0);
      expect(raw.send(rep('ask', 'right'), [], sender)).to.equal(0);
      expect((await reply).msgs[0]?.text()).to.equal('right');
      expect(secondary.stats.dropped).to.include({ 'wrong-name': 1, malformed: 1 });
    });

    it('may do so twice without being taken for the answer to the next request', async () => {
      const raw = stage.socket('mp_socket');
      const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
      for (let i = 0; i < 10; i++) {
        const asked = secondary.request({ name: 'ask' });
        const { sender } = await nextDatagram(raw);
        const rep = (param: string) => encodeMessage(OLD, MpType.REP, { name: 'ask', param });
        raw.send(rep(`answer ${i}`), [], sender);
        raw.send(rep(`surplus ${i}`), [], sender);
        expect((await asked).msgs[0]?.text()).to.equal(`answer ${i}`);
      }
    });
  });

  describe('a primary that', () => {
    it('speaks 340 bytes is spoken to in 340 bytes, also when it replaces one that did not', async () => {
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

    it('replaced another one gets no answer to what its predecessor asked', async () => {
      let raw = stage.socket('mp_socket');
      const secondary = await keep(openSecondary(stage.options));
      let answer: (() => void) | undefined;
      const asked = new Promise<void>((resolve) => {
        secondary.registerAction('ask', () => {
          resolve();
          return new Promise((settle) => {
            answer = () => settle({ param: 'late' });
          });
        });
      });
      raw.send(encodeMessage(OLD, MpType.REQ, { name: 'ask' }), [], secondary.socketPath);
      await asked;
      raw = stage.replacePrimary(raw);
      stage.writeConfig(V25_11);
      answer?.();
      while (secondary.stats.dropped['unsent-reply'] === 0) await new Promise(setImmediate);
      expect(raw.receive()).to.equal(undefined);
    });

    it('is of an unknown release is refused, unless the dialect is given', async () => {
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

    it('is starting is waited for; nothing is sent to it before it is ready', async () => {
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

    it('is dead leaves a config that says nothing about a Node primary at the same place', async () => {
      stage.writeConfig(V25_11);
      stage.dropLock();
      const primary = await keep(openPrimary(stage.options));
      const secondary = await keep(openSecondary(stage.options));
      primary.registerAction('echo', (msg) => ({ param: msg.param }));
      expect((await secondary.request({ name: 'echo', param: 'x' })).msgs[0]?.text()).to.equal('x');
    });

    it('lives is not replaced: by its lock or by its socket', async () => {
      stage.writeConfig(V22_11);
      expect((await mpError(openPrimary(stage.options))).code).to.equal('EADDRINUSE');
      stage.dropLock();
      const raw = stage.socket('mp_socket');
      expect((await mpError(openPrimary(stage.options))).code).to.equal('EADDRINUSE');
      raw.close();
      await keep(openPrimary(stage.options)); // takes over the dead one's socket
    });
  });

  it('in the abstract namespace must be of our user or root', async function () {
    if (process.getuid?.() !== 0) {
      console.log('      needs root, to send as another user');
      this.skip();
    }
    const primary = await keep(openPrimary({ ...stage.options, socketNamespace: 'abstract' }));
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    const address = `\0${stage.primaryPath}`;
    const script =
      `import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); ` +
      `s.sendto(b'\\0' * ${OLD.wireLength}, '\\0' + ${JSON.stringify(address.slice(1))})`;
    const { status, stderr } = spawnSync('python3', ['-c', script], { uid: 65534, encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
    const secondary = await keep(openSecondary({ ...stage.options, socketNamespace: 'abstract' }));
    await secondary.request({ name: 'echo' });
    expect(primary.stats.dropped.untrusted).to.equal(1);
  });
});

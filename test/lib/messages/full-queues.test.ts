// Full queues, busy threads, primaries that come and go: what must not be lost, delayed or mixed up then.
import { getEventListeners } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { DIALECTS, decodeMessage, encodeMessage, MpType } from '../../../protocol/index.js';
import { someDescriptors } from '../../support/descriptors.js';
import { mpError } from '../../support/mp-error.js';
import { answerNext, nextDatagram, type Stage, StageScope } from '../../support/stage.js';

const OLD = DIALECTS['332/8'];
const V24_11 = 0x180b0063;

describe('pressure', () => {
  const scope = new StageScope();
  const { keep } = scope;
  let stage: Stage;

  beforeEach(() => {
    stage = scope.stage;
  });

  it('answers to messages are dropped as they come, for a C action does not know that none is wanted', async () => {
    const raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    for (let i = 0; i < 300; i++) {
      await secondary.sendMessage({ name: 'echo' });
      const { sender } = await nextDatagram(raw);
      while (raw.send(encodeMessage(OLD, MpType.REP, { name: 'echo' }), [], sender) !== 0) {
        await new Promise(setImmediate);
      }
    }
    while (secondary.stats.lateReplies < 300) await new Promise(setImmediate);
  });

  it('a datagram of another dialect, from a primary of an unknown release, is dropped with its descriptors', async () => {
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

  it('messages that waited for room at a primary that died reach the next one, in order', async () => {
    let raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    const count = 40;
    const sends = Array.from({ length: count }, (_, i) => {
      return secondary.sendMessage({ name: 'n', param: Uint8Array.of(i) });
    });
    raw = stage.replacePrimary(raw);
    const got: number[] = [];
    while (got.length < count - 11) {
      const { bytes } = await nextDatagram(raw);
      got.push(decodeMessage(OLD, bytes).param[0] ?? -1);
    }
    await Promise.all(sends);
    expect(got).to.deep.equal(Array.from({ length: count - 11 }, (_, i) => i + 11)); // 11 died with the first
  });

  it('a send keeps its own timeout behind one that waits longer', async () => {
    stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    for (let i = 0; i < 11; i++) await secondary.sendMessage({ name: 'fill' });
    const order: string[] = [];
    const patient = mpError(secondary.sendMessage({ name: 'x' }, { timeoutMs: 300 })).then(({ code }) => {
      order.push(`patient ${code}`);
    });
    const hasty = mpError(secondary.sendMessage({ name: 'x' }, { timeoutMs: 20 })).then(({ code }) => {
      order.push(`hasty ${code}`);
    });
    await Promise.all([patient, hasty]);
    expect(order).to.deep.equal(['hasty ETIMEDOUT', 'patient ETIMEDOUT']);
  });

  it('requestSync serves what comes in while it waits for room', async () => {
    const raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary(stage.options));
    for (let i = 0; i < 11; i++) await secondary.sendMessage({ name: 'fill' });
    secondary.registerAction('poke', () => {
      for (let i = 0; i < 11; i++) raw.receive(); // now there is room
      return {};
    });
    raw.send(encodeMessage(OLD, MpType.REQ, { name: 'poke' }), [], secondary.socketPath);
    const timeout = await mpError(() =>
      secondary.requestSync({ name: 'late', param: 'x' }, { timeoutMs: 200 }),
    );
    expect(timeout.message).to.match(/0 of 1 answered/); // it was sent, and nobody answers here
    const seen: string[] = [];
    for (let datagram = raw.receive(); typeof datagram === 'object'; datagram = raw.receive()) {
      const { type, name, param } = decodeMessage(OLD, datagram.bytes);
      seen.push(`${type} ${name} ${param.length}`);
    }
    expect(seen.sort()).to.deep.equal([`${MpType.REQ} late 2`, `${MpType.REP} poke 0`].sort());
  });

  it('an answer that came in time is taken, however late this thread looks', async () => {
    const raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    const asked = secondary.request({ name: 'ask' }, { timeoutMs: 50 });
    await answerNext(raw, OLD, { param: 'in time' });
    const busyUntil = performance.now() + 120;
    while (performance.now() < busyUntil);
    expect((await asked).msgs[0]?.text()).to.equal('in time');
  });

  it('what a primary sent before its answer is handled before the request returns', async () => {
    const raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, busyPollMicros: 0 }));
    const order: string[] = [];
    secondary.registerAction('note', () => {
      order.push('note');
    });
    for (let i = 0; i < 20; i++) {
      const asked = secondary.request({ name: 'ask' }).then(() => order.push('answer'));
      const { sender } = await nextDatagram(raw);
      raw.send(encodeMessage(OLD, MpType.MSG, { name: 'note' }), [], secondary.socketPath);
      raw.send(encodeMessage(OLD, MpType.REP, { name: 'ask' }), [], sender);
      await asked;
    }
    expect(order).to.deep.equal(Array.from({ length: 20 }, () => ['note', 'answer']).flat());
  });

  it('a primary that came later may take more descriptors than the default dialect', async () => {
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

  it('leaves nothing behind on an AbortSignal, and does not mind how many use one', async () => {
    const primary = await keep(openPrimary(stage.options));
    primary.registerAction('echo', () => ({}));
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const secondary = await openSecondary({ ...stage.options, signal });
    await Promise.all(Array.from({ length: 20 }, () => secondary.request({ name: 'echo' }, { signal })));
    await Promise.all(Array.from({ length: 20 }, () => secondary.sendMessage({ name: 'echo' }, { signal })));
    await secondary.close();
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
    expect(warnings).to.deep.equal([]);
  });

  it('counts what reaches a reply socket and is no answer', async () => {
    const raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    const asked = secondary.request({ name: 'ask' });
    const { sender } = await nextDatagram(raw);
    const own = someDescriptors(1);
    raw.send(encodeMessage(OLD, MpType.IGN, { name: 'other' }), [], sender);
    raw.send(encodeMessage(OLD, MpType.MSG, { name: 'ask', fds: own.fds }), own.fds, sender);
    own.close();
    raw.send(encodeMessage(OLD, MpType.REP, { name: 'ask' }), [], sender);
    await asked;
    expect(secondary.stats.dropped).to.include({ 'wrong-name': 1, 'no-action': 1 });
    expect(secondary.stats.fdsClosedUnclaimed).to.equal(1);
  });

  it('closes although its files can not be seen any more', async () => {
    const channel = await openSecondary(stage.options);
    const fds = () =>
      readdirSync('/proc/self/fd')
        .map((fd) => {
          try {
            return readlinkSync(`/proc/self/fd/${fd}`);
          } catch {
            return '';
          }
        })
        .filter((target) => target.startsWith('socket:')).length;
    const open = fds();
    if (process.getuid?.() !== 0 || process.seteuid === undefined) return;
    process.seteuid(65534);
    try {
      let isClosed = false;
      channel.on('close', () => {
        isClosed = true;
      });
      await channel.close();
      expect(isClosed).to.equal(true);
      expect(fds()).to.be.below(open);
    } finally {
      process.seteuid(0);
    }
  });
});

// Which datagrams are taken for the answer to a request, and when.
import { expect } from 'chai';
import { openSecondary } from '../../../lib/index.js';
import { DIALECTS, encodeMessage, MpType } from '../../../protocol/index.js';
import { someDescriptors } from '../../support/descriptors.js';
import { answerNext, nextDatagram, type Stage, StageScope } from '../../support/stage.js';

const OLD = DIALECTS['332/8'];

describe('answers to a secondary', () => {
  const scope = new StageScope();
  const { keep } = scope;
  let stage: Stage;

  beforeEach(() => {
    stage = scope.stage;
  });

  it('are taken by name and length; no other process can send to the reply socket', async () => {
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

  it('are taken once: a second one is not the answer to the next request', async () => {
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

  it('are counted as dropped when they are something else', async () => {
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

  it('are taken when they came in time, although the event loop was busy', async () => {
    const raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    const asked = secondary.request({ name: 'ask' }, { timeoutMs: 50 });
    await answerNext(raw, OLD, { param: 'in time' });
    const busyUntil = performance.now() + 120;
    while (performance.now() < busyUntil);
    expect((await asked).msgs[0]?.text()).to.equal('in time');
  });

  it('come after the messages that the primary sent before them', async () => {
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
});

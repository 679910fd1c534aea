// Full queues: messages wait for room, keep their order and their own timeouts.
import { expect } from 'chai';
import { openSecondary } from '../../../lib/index.js';
import { DIALECTS, decodeMessage, encodeMessage, MpType } from '../../../protocol/index.js';
import { mpError } from '../../support/mp-error.js';
import { nextDatagram, type Stage, StageScope } from '../../support/stage.js';

const OLD = DIALECTS['332/8'];

describe('full queues', () => {
  const scope = new StageScope();
  const { keep } = scope;
  let stage: Stage;

  beforeEach(() => {
    stage = scope.stage;
  });

  // a C action may reply to a message, since it can't tell it from a request
  it('drops the answers to messages as they come', async () => {
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

  it('sends messages that waited for room at a dead primary to its successor, in order', async () => {
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
    expect(got).to.deep.equal(Array.from({ length: count - 11 }, (_, i) => i + 11)); // the first primary's queue had 11
  });

  it('rejects each send at its own timeout, also behind one that waits longer', async () => {
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

  it('lets requestSync answer requests while it waits for room', async () => {
    const raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary(stage.options));
    for (let i = 0; i < 11; i++) await secondary.sendMessage({ name: 'fill' });
    secondary.registerAction('poke', () => {
      for (let i = 0; i < 11; i++) raw.receive(); // makes room
      return {};
    });
    raw.send(encodeMessage(OLD, MpType.REQ, { name: 'poke' }), [], secondary.socketPath);
    const timeout = await mpError(() =>
      secondary.requestSync({ name: 'late', param: 'x' }, { timeoutMs: 200 }),
    );
    expect(timeout.message).to.match(/0 of 1 answered/); // it was sent, and this primary never answers
    const seen: string[] = [];
    for (let datagram = raw.receive(); typeof datagram === 'object'; datagram = raw.receive()) {
      const { type, name, param } = decodeMessage(OLD, datagram.bytes);
      seen.push(`${type} ${name} ${param.length}`);
    }
    expect(seen.sort()).to.deep.equal([`${MpType.REQ} late 2`, `${MpType.REP} poke 0`].sort());
  });
});

// A listener or handler that closed the channel while it was reading, or while a blocking request waited for room, left it with a
// closed descriptor: it read or wrote once more under that number, which was mostly another socket's by then.
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import type { DatagramSocket } from '../../sys/datagram-socket.js';
import { expectError } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

/** More than the channel has descriptors: one of so many new ones gets the number of its socket. */
const MANY = 8;

describe('regression: a channel that is closed from within', () => {
  const scope = new StageScope();

  it('reads nothing of another socket', async () => {
    const { stage } = scope;
    const channel = await openPrimary(stage.options);
    const sender = stage.socket('sender');
    const others = await new Promise<DatagramSocket[]>((resolve) => {
      channel.once('warning', () => {
        void channel.close();
        const names = Array.from({ length: MANY }, (_, i) => `other_${i}`);
        resolve(names.map((name) => stage.socket(name)));
        for (const name of names) sender.send(Buffer.from(name), [], `${stage.directory}/${name}`);
      });
      sender.send(Buffer.from('garbage'), [], stage.primaryPath);
    });
    const received = others.map((socket) => typeof socket.receive());
    expect(received).to.deep.equal(new Array(MANY).fill('object'));
  });

  it('writes nothing into another socket', async () => {
    const { stage } = scope;
    stage.socket('mp_socket');
    const sender = stage.socket('sender');
    const elsewhere = stage.socket('elsewhere');
    const channel = await openSecondary(stage.options);
    channel.registerAction('bye', () => {
      void channel.close();
      for (let i = 0; i < MANY; i++) stage.socket().connect(`${stage.directory}/elsewhere`);
    });
    while (sender.send(Buffer.alloc(1), [], stage.primaryPath) === 0); // the primary's queue is full
    sender.send(encodeMessage('332/8', MpType.MSG, { name: 'bye' }), [], channel.socketPath ?? '');
    expectError('ECANCELED', () => channel.requestSync({ name: 'ask' }));
    expect(elsewhere.receive()).to.equal(undefined);
  });
});

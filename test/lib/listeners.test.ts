// Listeners and handlers that close their channel or throw.
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import type { DatagramSocket } from '../../sys/datagram-socket.js';
import { openDescriptors } from '../support/descriptors.js';
import { expectError } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

/** More than the channel has descriptors: one of these new ones gets the number of its socket. */
const MANY = 8;

// a closed descriptor's number soon belongs to another socket
describe('a channel that its own listener or handler closes', () => {
  const scope = new StageScope();

  it('reads nothing more, so that no other socket loses a datagram', async () => {
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

  it('writes nothing more, also in requestSync that waits for room', async () => {
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

describe('a listener that throws', () => {
  const scope = new StageScope();
  afterEach(() => process.setUncaughtExceptionCaptureCallback(null));

  it('causes an uncaught exception, and the call that ran it goes on', async () => {
    const { stage } = scope;
    const primary = await scope.keep(openPrimary(stage.options));
    primary.registerAction('bad', () => {
      throw new RangeError('on purpose');
    });
    primary.on('error', (error) => {
      throw error;
    });
    const mute = stage.socket('mp_socket_1_a');
    mute.send(encodeMessage(primary.dialect, MpType.MSG, { name: 'bad' }), [], stage.primaryPath);
    const before = openDescriptors();
    const uncaught = new Promise<unknown>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
    expectError('ETIMEDOUT', () => primary.requestSync({ name: 'ask' }, { timeoutMs: 20 }));
    expect(await uncaught).to.be.instanceOf(RangeError);
    expect(openDescriptors()).to.deep.equal(before);
  });
});

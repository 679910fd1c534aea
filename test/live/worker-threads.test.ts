// Channels in worker threads, beside one in the main thread.
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { MpChannel } from '../../lib/index.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { type LiveScope, live } from './support/live.js';
import { ask, NodeWorker } from './support/node-peers.js';

let primary: CPeer;
let channel: MpChannel;
let worker: NodeWorker;

/** To be called inside `describe`: starts a C primary, a secondary in this thread and one in a worker for each test. */
function besideAWorker(label: string): LiveScope {
  const scope = live(label);
  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
    channel.registerAction('tag', () => ({ param: 'main' }));
    worker = await NodeWorker.start(scope, 'worker');
  });
  return scope;
}

async function expectMainServed(): Promise<void> {
  using reply = await channel.request({ name: 'echo', param: 'main' });
  expect(reply.msgs[0]?.text()).to.equal('main');
}

/** The primary's broadcast reaches only the channel in the main thread, and doesn't wait for another one. */
async function expectMainAloneIsAsked(): Promise<void> {
  expect((await primary.command('req tag - 1000')).fields).to.include({
    ret: '0',
    nb_sent: '1',
    nb_received: '1',
  });
  await expectMainServed();
}

describe('live: a channel in a worker thread', () => {
  const scope = besideAWorker('worker');

  it('asks in both ways and sends', async () => {
    expect((await ask(worker, 'request echo one')).fields).to.include({ text: 'one', nb_received: '1' });
    expect((await ask(worker, 'requestSync echo two')).fields).to.include({ text: 'two', nb_received: '1' });
    await ask(worker, 'sendMessage silent three');
    expect((await primary.waitFor(/^got name=silent/)).fields.text).to.equal('three');
    await expectMainServed();
  });

  it('answers like the one in the main thread', async () => {
    const { fields } = await primary.command('req tag - 5000');
    expect(fields).to.include({ ret: '0', nb_sent: '2', nb_received: '2' });
    const texts = primary.lines.filter(({ event }) => event === 'req.reply').map((line) => line.fields.text);
    expect(texts.sort()).to.deep.equal(['main', 'worker']);
  });

  it('blocks only its own thread in requestSync', async () => {
    const asking = ask(worker, 'requestSync slow here');
    await primary.waitFor(/^got name=slow/);
    await expectMainServed();
    expect(worker.lines.map(({ event }) => event)).to.not.include('requestSync');
    expect((await asking).fields.text).to.equal('here');
  });

  it('lets its thread end and removes its sockets when it closes', async () => {
    await ask(worker, 'request echo one');
    await ask(worker, 'close');
    expect(await worker.exited).to.equal(0);
    const others = readdirSync(scope.runtimeDir).filter((name) => name.startsWith('mp_socket_'));
    expect(others.map((name) => `${scope.runtimeDir}/${name}`)).to.deep.equal([channel.socketPath]);
    await expectMainServed();
  });
});

describe('live: a worker thread that does not close its channel', () => {
  besideAWorker('workerend');

  it('ends by process.exit', async () => {
    await ask(worker, 'request echo one');
    worker.send('exit');
    expect(await worker.exited).to.equal(0);
    await expectMainAloneIsAsked();
  });

  it('ends by an exception', async () => {
    await ask(worker, 'request echo one');
    worker.send('throw');
    expect(await worker.exited).to.equal(1);
    await expectMainAloneIsAsked();
  });

  it('is terminated', async () => {
    await ask(worker, 'request echo one');
    await worker.terminate();
    await expectMainAloneIsAsked();
  });

  it('is terminated in requestSync', async () => {
    worker.send('requestSync slow never');
    await primary.waitFor(/^got name=slow/);
    await worker.terminate();
    await expectMainAloneIsAsked();
  });
});

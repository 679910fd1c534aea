// A channel as a whole: closing it, what it says of itself, what it publishes.
import diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import { expect } from 'chai';
import { mpError } from '../support/mp-error.js';
import { describeTransports } from './support/each-transport.js';

describeTransports('channel', (network) => {
  it("closes once, emits 'close' once, and later calls fail with ECANCELED", async () => {
    const channel = await network.openPrimary();
    let count = 0;
    channel.on('close', () => count++);
    await channel.close();
    await channel.close();
    await channel[Symbol.asyncDispose]();
    expect(count).to.equal(1);
    expect((await mpError(channel.sendMessage({ name: 'x' }))).code).to.equal('ECANCELED');
    expect((await mpError(() => channel.requestSync({ name: 'x' }))).code).to.equal('ECANCELED');
    expect((await mpError(() => channel.peers())).code).to.equal('ECANCELED');
    expect((await mpError(channel.reply({ name: 'x' }, { path: '/x' }))).code).to.equal('ECANCELED');
  });

  it('closes when its signal is aborted', async () => {
    const abort = new AbortController();
    const channel = await network.openPrimary({ signal: abort.signal });
    const closed = once(channel, 'close');
    abort.abort();
    await closed;
    expect((await mpError(network.openPrimary({ signal: abort.signal }))).code).to.equal('ECANCELED');
  });

  it('rejects a second primary with EADDRINUSE until the first has closed', async () => {
    const first = await network.openPrimary();
    const refused = await mpError(network.openPrimary());
    expect(refused.code).to.equal('EADDRINUSE');
    expect(refused.path).to.equal(first.socketPath);
    await first.close();
    await network.openPrimary();
  });

  it('publishes on diagnostics_channel what it sends, receives, drops and asks', async () => {
    const seen: string[] = [];
    const listen = (what: string) => (event: unknown) => {
      seen.push(
        `${what} ${(event as { name?: string; reason?: string }).name ?? (event as { reason: string }).reason}`,
      );
    };
    const listeners = {
      'dpdk-ipc:send': listen('send'),
      'dpdk-ipc:receive': listen('receive'),
      'dpdk-ipc:drop': listen('drop'),
      'tracing:dpdk-ipc:request:asyncEnd': listen('asked'),
    };
    for (const [channel, listener] of Object.entries(listeners))
      diagnosticsChannel.subscribe(channel, listener);
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    primary.registerAction('known', () => ({}));
    await secondary.request({ name: 'known' });
    await secondary.request({ name: 'strange' });
    for (const [channel, listener] of Object.entries(listeners))
      diagnosticsChannel.unsubscribe(channel, listener);
    expect(seen).to.deep.equal([
      ...['send known', 'receive known', 'send known', 'receive known', 'asked known'],
      ...[
        'send strange',
        'receive strange',
        'drop no-action',
        'send strange',
        'receive strange',
        'asked strange',
      ],
    ]);
  });

  it('has a role, a dialect, a socket path and peers', async () => {
    const primary = await network.openPrimary({ dialect: '340/253' });
    const secondary = await network.openSecondary({ dialect: '340/253' });
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    expect([primary.role, primary.dialect, primary.maxFds]).to.deep.equal(['primary', '340/253', 253]);
    expect([secondary.role, secondary.dialect, secondary.maxFds]).to.deep.equal([
      'secondary',
      '340/253',
      253,
    ]);
    expect(primary.socketPath).to.match(/\/mp_socket$/);
    expect(secondary.socketPath).to.match(new RegExp(`/mp_socket_${process.pid}_[0-9a-f]+$`));
    expect(secondary.peers()).to.deep.equal([{ path: primary.socketPath }]);
    expect((await secondary.request({ name: 'echo', param: 'hi' })).msgs[0]?.text()).to.equal('hi');
  });
});

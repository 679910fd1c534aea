// Socket files in the runtime directory: when they are made and removed.
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { type MpChannel, openSecondary } from '../../lib/index.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { rejected } from '../support/mp-error.js';
import { live } from './support/live.js';
import { ask, startNodeProcess } from './support/node-peers.js';

describe('live: socket files', () => {
  const scope = live('files');
  let primary: CPeer;

  beforeEach(async () => {
    primary = await scope.startPrimary();
  });

  /** Names of the socket files of this process; of all secondaries without `pid`. */
  function sockets(pid?: number): string[] {
    const names = readdirSync(scope.runtimeDir).filter((name) => /^mp_(socket|reply)_/.test(name));
    return pid === undefined ? names : names.filter((name) => name.includes(`_${pid}_`));
  }

  async function usedChannel(): Promise<MpChannel> {
    const channel = await scope.open();
    using _reply = await channel.request({ name: 'echo' });
    await channel.sendMessage({ name: 'silent' });
    return channel;
  }

  it('exist while the channel is open', async () => {
    const channel = await usedChannel();
    expect(sockets().map((name) => `${scope.runtimeDir}/${name}`)).to.include(channel.socketPath);
    expect(sockets(process.pid).some((name) => name.startsWith('mp_reply_'))).to.equal(true);
    await channel.close();
    expect(sockets()).to.deep.equal([]);
  });

  it('are removed once when close() is called several times, also with await using', async () => {
    let closes = 0;
    {
      await using channel = await openSecondary({ filePrefix: scope.filePrefix });
      channel.on('close', () => closes++);
      await Promise.all([channel.close(), channel.close()]);
      await channel.close();
    }
    expect(closes).to.equal(1);
    expect(sockets()).to.deep.equal([]);
  });

  it('do not exist for a private channel, except for replies', async () => {
    const channel = await scope.open({ visibility: 'private' });
    using _reply = await channel.request({ name: 'echo' });
    expect(sockets().filter((name) => name.startsWith('mp_socket_'))).to.deep.equal([]);
    expect((await primary.command('req echo - 5000')).fields).to.include({ ret: '0', nb_sent: '0' });
  });

  it('of a process that exits without closing are removed', async () => {
    const child = await startNodeProcess(scope);
    await ask(child, 'request echo hi');
    expect(sockets(child.pid)).to.not.deep.equal([]);
    child.send('exit');
    expect((await child.exited).code).to.equal(0);
    expect(sockets()).to.deep.equal([]);
  });

  it('of a process that ends with an exception are removed', async () => {
    const child = await startNodeProcess(scope);
    await ask(child, 'request echo hi');
    child.send('throw');
    expect((await child.exited).code).to.equal(1);
    expect(sockets()).to.deep.equal([]);
  });

  it('of a killed process are removed by the next channel that opens, those of living processes are not', async () => {
    const child = await startNodeProcess(scope);
    await ask(child, 'request echo hi');
    const living = await usedChannel();
    const kept = sockets(process.pid);
    child.kill('SIGKILL');
    await child.exited;
    const left = sockets(child.pid);
    expect(left.some((name) => name.startsWith('mp_socket_'))).to.equal(true);
    expect(left.some((name) => name.startsWith('mp_reply_'))).to.equal(true);

    await scope.open();
    expect(sockets(child.pid)).to.deep.equal([]);
    expect(sockets(process.pid)).to.include.members(kept);
    living.registerAction('hello', () => ({}));
    expect((await primary.command('req hello - 5000')).fields).to.include({ ret: '0', nb_received: '1' });
  });

  it('of a process that ends because its channel is unreferenced are removed', async () => {
    const child = await startNodeProcess(scope);
    await ask(child, 'unref');
    expect(await child.exited).to.deep.equal({ code: 0, signal: null });
    expect(sockets()).to.deep.equal([]);
  });
});

describe('live: closing', () => {
  const scope = live('close');
  let primary: CPeer;

  beforeEach(async () => {
    primary = await scope.startPrimary();
  });

  it('makes calls under way fail with ECANCELED', async () => {
    const channel = await scope.open();
    const asking = [1, 2, 3].map((i) =>
      rejected('ECANCELED', channel.request({ name: 'silent', param: `${i}` })),
    );
    await primary.waitFor(/^got name=silent .*text=3/);
    await channel.close();
    await Promise.all(asking);
    await rejected('ECANCELED', channel.request({ name: 'echo' }));
  });

  it('happens when the signal is aborted', async () => {
    const controller = new AbortController();
    const channel = await scope.open({ signal: controller.signal });
    const closed = new Promise<void>((resolve) => {
      channel.on('close', resolve);
    });
    const asking = rejected('ECANCELED', channel.request({ name: 'silent' }));
    await primary.waitFor(/^got name=silent/);
    controller.abort();
    await closed;
    await asking;
    expect((await primary.command('req echo - 5000')).fields).to.include({ ret: '0', nb_sent: '0' });
  });

  it('makes opening fail with ECANCELED when the signal was aborted before', async () => {
    const { filePrefix } = scope;
    await rejected('ECANCELED', openSecondary({ filePrefix, signal: AbortSignal.abort() }));
  });

  it('makes a request time out whose handler has not settled', async () => {
    const channel = await scope.open();
    let answer = () => {};
    const arrived = new Promise<void>((resolve) => {
      channel.registerAction('hold', async () => {
        resolve();
        await new Promise<void>((go) => {
          answer = go;
        });
        return { param: 'too late' };
      });
    });
    const asking = primary.command('req hold - 100');
    await arrived;
    await channel.close();
    answer();
    expect((await asking).fields).to.include({ ret: '-1', errno: 'ETIMEDOUT' });
  });
});

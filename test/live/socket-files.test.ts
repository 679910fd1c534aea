// The socket files in the runtime directory: who makes them, who removes them, and when.
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

  /** Names in the runtime directory of the sockets that this process, or all secondaries, have. */
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

  it('are there while the channel is open, and gone once it is closed', async () => {
    const channel = await usedChannel();
    expect(sockets().map((name) => `${scope.runtimeDir}/${name}`)).to.include(channel.socketPath);
    expect(sockets(process.pid).some((name) => name.startsWith('mp_reply_'))).to.equal(true);
    await channel.close();
    expect(sockets()).to.deep.equal([]);
  });

  it('go away once: closing twice is harmless, also with await using', async () => {
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

  it('a private channel has none to be asked at', async () => {
    const channel = await scope.open({ visibility: 'private' });
    using _reply = await channel.request({ name: 'echo' });
    expect(sockets().filter((name) => name.startsWith('mp_socket_'))).to.deep.equal([]);
    expect((await primary.command('req echo - 5000')).fields).to.include({ ret: '0', nb_sent: '0' });
  });

  it('of a process that exits without closing go away', async () => {
    const child = await startNodeProcess(scope);
    await ask(child, 'request echo hi');
    expect(sockets(child.pid)).to.not.deep.equal([]);
    child.send('exit');
    expect((await child.exited).code).to.equal(0);
    expect(sockets()).to.deep.equal([]);
  });

  it('of a process that falls over an exception go away', async () => {
    const child = await startNodeProcess(scope);
    await ask(child, 'request echo hi');
    child.send('throw');
    expect((await child.exited).code).to.equal(1);
    expect(sockets()).to.deep.equal([]);
  });

  it('of a killed process stay until the next one opens; those of living processes stay for good', async () => {
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

  it('a process ends by itself once its channel is unrefed', async () => {
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

  it('ends what is under way with ECANCELED', async () => {
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

  it('comes before opening where the signal was aborted already', async () => {
    const { filePrefix } = scope;
    await rejected('ECANCELED', openSecondary({ filePrefix, signal: AbortSignal.abort() }));
  });

  it('happens to a primary while requests wait at it', async () => {
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

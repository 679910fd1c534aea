// The lock on the runtime directory, which keeps processes from starting during a broadcast.
import { expect } from 'chai';
import { openSecondary } from '../../lib/index.js';
import { FileLock } from '../../sys/file-lock.js';
import { rejected } from '../support/mp-error.js';
import { settling } from '../support/settling.js';
import { live } from './support/live.js';

/** How many timers a test lets fire to see that something does not happen. */
const TURNS = 50;

describe('live: the lock on the runtime directory', () => {
  const scope = live('lock');

  function lockDirectory(kind: 'shared' | 'exclusive'): FileLock {
    const lock = FileLock.tryLock(scope.runtimeDir, kind);
    if (typeof lock === 'number') throw new Error(`Not locked: ${lock}`);
    scope.peers.defer(() => lock.release());
    return lock;
  }

  /** How many timers, up to TURNS, fired before `stop` was settled. */
  async function turnsUntil(stop: Promise<unknown>): Promise<number> {
    let turns = 0;
    const enough = settling();
    const timer = setInterval(() => {
      if (++turns === TURNS) enough.resolve();
    }, 1);
    await Promise.race([stop, enough.promise]);
    clearInterval(timer);
    return turns;
  }

  for (const kind of ['shared', 'exclusive'] as const) {
    it(`delays opening while another process holds it ${kind}, without blocking the event loop`, async () => {
      await scope.startPrimary();
      const lock = lockDirectory(kind);
      const opening = scope.open();
      expect(await turnsUntil(opening)).to.equal(TURNS);
      lock.release();
      const channel = await opening;
      using reply = await channel.request({ name: 'echo', param: 'let in' });
      expect(reply.msgs[0]?.text()).to.equal('let in');
    });
  }

  it('does not delay a private channel, which a broadcast never reaches', async () => {
    await scope.startPrimary();
    lockDirectory('exclusive');
    const channel = await scope.open({ visibility: 'private' });
    using reply = await channel.request({ name: 'echo', param: 'round the back' });
    expect(reply.msgs[0]?.text()).to.equal('round the back');
  });

  it('makes opening fail with ECANCELED when the signal is aborted meanwhile', async () => {
    await scope.startPrimary();
    lockDirectory('shared');
    const controller = new AbortController();
    const opening = openSecondary({ filePrefix: scope.filePrefix, signal: controller.signal });
    const refused = rejected('ECANCELED', opening);
    await turnsUntil(opening.catch(() => {}));
    controller.abort();
    await refused;
  });

  it('is free again once a channel is open', async () => {
    await scope.startPrimary();
    await scope.open();
    lockDirectory('exclusive').release();
  });

  it('delays a channel that opens during a synchronous broadcast, which does not reach it', async () => {
    const primary = await scope.startPrimary();
    const first = await scope.open();
    const asked = settling();
    const goOn = settling();
    first.registerAction('hold', async () => {
      asked.resolve();
      await goOn.promise;
      return {};
    });
    const asking = primary.command('req hold - 10000');
    await asked.promise;
    const opening = scope.open();
    expect(await turnsUntil(opening)).to.equal(TURNS);
    goOn.resolve();
    const second = await opening;
    expect((await asking).fields).to.include({ ret: '0', nb_sent: '1', nb_received: '1' });
    expect(second.stats.received).to.equal(0);
  });
});

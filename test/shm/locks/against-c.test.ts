// DPDK's locks, shared with live C processes.
import { setImmediate as tick } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { CProcess } from '../../support/c-process.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { expectError, rejected } from '../../support/mp-error.js';
import { REGISTER } from '../../support/register.js';
import { PAGE_SIZE } from '../support/image.js';
import { attachLive, liveLock, zoneOf } from '../support/live-memory.js';
import { run, startStress } from '../support/stress.js';

const support = (name: string) => fileURLToPath(new URL(`./support/${name}`, import.meta.url));
/** Includes the time to compile the reader's TypeScript. */
const START_TIMEOUT_MS = 90_000;
const WRITER = 2; // rte_rwlock.h since 22.11: a writer holds the lock

describeReleases('shm: locks against C', (release) => {
  const scope = peersFor('shm-locks', 'test', release);

  before(async function () {
    await needsDpdk(this, { release, hugepages: 8 });
  });

  it('M24: a million write sections of C, no torn pair, the word is 0 afterwards', async function () {
    this.timeout(120_000);
    const stress = await startStress(scope);
    await run(stress, 'reserve PAIR 64');
    const pair = new BigUint64Array(zoneOf(attachLive(scope), 'PAIR').buffer, 0, 2);
    const { lock, word } = liveLock(scope, scope.runtimeDir, 'memoryHotplugLock');
    let [million, sections, torn] = [0, 0, 0];
    // C is so fast that it may take several millions until this thread got the lock often enough
    while (sections < 1000) {
      million++;
      let done = false;
      const finished = run(stress, 'pairs PAIR 1000000').then(() => {
        done = true;
      });
      while (!done) {
        for (let i = 0; i < 1000; i++) {
          const seen = lock.isTaken ? undefined : lock.tryRead(() => pair[0] === pair[1]);
          if (seen !== undefined) sections++;
          if (seen?.result === false) torn++;
        }
        await tick();
      }
      await finished;
    }
    expect([...pair]).to.deep.equal([million * 1_000_000, million * 1_000_000].map(BigInt));
    expect(torn).to.equal(0);
    expect(word()).to.equal(0);
  });

  for (const [check, options, holdMicros] of [
    ['M26: with the lock', {}, 0],
    ['M27: read-only, without the lock', { lock: false, writable: false }, 100],
  ] as const) {
    it(`${check}: 100,000 lookups in a storm of reservations, each hit whole`, async function () {
      this.timeout(120_000);
      const stress = await startStress(scope);
      const memory = attachLive(scope, options);
      const mlock = liveLock(scope, scope.runtimeDir, 'mlock');
      const wrong: string[] = [];
      stress.send(`storm STORM 8192 ${holdMicros}`);
      await stress.waitFor(/^storming/);
      let hits = 0;
      for (let i = 0; i < 100_000; i++) {
        const zone = memory.lookup('STORM');
        if (zone === undefined) continue;
        hits++;
        const { len, hugepageSize, socketId, flags } = zone;
        const whole = len === 8192 && hugepageSize === PAGE_SIZE && socketId === 0 && flags === 0;
        if (!whole) wrong.push(`${zone.addr} ${len} ${hugepageSize}`);
        if (i % 1000 === 0) await tick();
      }
      const { fields } = await run(stress, 'storm');
      expect(Number(fields.n)).to.be.at.least(1000);
      expect(fields.failed).to.equal('0');
      expect(hits).to.be.greaterThan(1000);
      expect(wrong).to.deep.equal([]);
      expect(mlock.word()).to.equal(0);
    });
  }

  it('gives the bytes of a zone in a storm, or throws ESTALE', async () => {
    const stress = await startStress(scope);
    const memory = attachLive(scope);
    stress.send('storm STORM 5000000 500'); // pages come and go with it
    await stress.waitFor(/^storming/);
    let [mapped, refused] = [0, 0];
    for (let i = 0; i < 3000; i++) {
      const zone = memory.lookup('STORM');
      try {
        if (zone !== undefined && memory.snapshot(zone, { offset: zone.len - 8 }).length === 8) mapped++;
      } catch (error) {
        expect(error).to.have.property('code', 'ESTALE');
        refused++;
      }
      if (i % 100 === 0) await tick();
    }
    expect((await run(stress, 'storm')).fields.failed).to.equal('0');
    expect(mapped + refused).to.be.greaterThan(0);
    expect(memory.lookup('STORM')).to.equal(undefined);
  });

  it('M28: waits without blocking the event loop, and gives up in time without changing the word', async () => {
    await startStress(scope);
    const memory = attachLive(scope, { lockTimeoutMs: 300 });
    const mlock = liveLock(scope, scope.runtimeDir, 'mlock');
    mlock.set(WRITER);
    try {
      let turns = 0;
      const waiting = rejected('ETIMEDOUT', memory.lookupAsync('X'));
      let settled = false;
      void waiting.finally(() => {
        settled = true;
      });
      while (!settled) {
        await tick();
        turns++;
      }
      await waiting;
      expect(turns).to.be.greaterThan(20);
      expect(mlock.word()).to.equal(WRITER);
      expectError('ETIMEDOUT', () => memory.memzones());
      expect(mlock.word()).to.equal(WRITER);
    } finally {
      mlock.set(0);
    }
    expect(await memory.memzonesAsync()).to.be.an('array');
  });

  it('waits for a writer that is inside with lock: false, too', async () => {
    await startStress(scope);
    const mlock = liveLock(scope, scope.runtimeDir, 'mlock');
    mlock.set(WRITER);
    const memory = attachLive(scope, { lock: false, whileWaiting: () => mlock.set(0) });
    expect(memory.lookup('X')).to.equal(undefined);
    expect(mlock.word()).to.equal(0);
  });

  it('calls whileWaiting while it waits, and goes on once the writer has left', async () => {
    await startStress(scope);
    const mlock = liveLock(scope, scope.runtimeDir, 'mlock');
    const waits: number[] = [];
    const memory = attachLive(scope, {
      whileWaiting(ms) {
        waits.push(ms);
        memory.sync(); // as the handler of an mp_malloc_sync does
        if (waits.length === 3) mlock.set(0);
      },
    });
    mlock.set(WRITER);
    expect(memory.lookup('X')).to.equal(undefined);
    expect(waits.length).to.equal(3);
  });

  it('gives up waiting when the primary dies with its lock', async () => {
    const stress = await startStress(scope);
    const memory = attachLive(scope, { lockTimeoutMs: 60_000 });
    liveLock(scope, scope.runtimeDir, 'mlock').set(WRITER);
    const lookup = rejected('ENOPRIMARY', memory.lookupAsync('X'));
    stress.kill('SIGKILL');
    await stress.exited;
    await lookup;
  });

  it('leaves the lock as it was when the reader is terminated by a signal', async function () {
    this.timeout(8 * START_TIMEOUT_MS);
    const stress = await startStress(scope);
    await run(stress, 'reserve ZONE 64');
    const mlock = liveLock(scope, scope.runtimeDir, 'mlock');
    const signals = [
      'SIGTERM',
      'SIGINT',
      'SIGHUP',
      'SIGTERM',
      'SIGTERM',
      'SIGQUIT',
      'SIGTERM',
      'SIGTERM',
    ] as const;
    for (const signal of signals) {
      const args = ['--import', REGISTER, support('lookup-child.ts'), scope.filePrefix, 'ZONE'];
      const child = new CProcess('reader', [process.execPath, ...args]);
      scope.defer(() => child[Symbol.asyncDispose]());
      await child.waitFor(/n=1000/, START_TIMEOUT_MS);
      child.kill(signal);
      expect((await child.exited).signal).to.equal(signal);
    }
    expect(mlock.word()).to.equal(0);
    expect((await run(stress, 'free ZONE')).fields.ret).to.equal('0');
  });
});

// Too many messages: peers that are slow, stuck or flooded delay no other peer, and queues are bounded.

import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { type MpChannel, openPrimary, openSecondary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { StageScope } from '../support/stage.js';

const CLIENTS = 200;
const EACH = 10;
/** How many answers one thread gets until the test ends. */
const MOST = 1500;
/** How many messages the kernel queues at one socket. */
const IN_KERNEL = 11;

const ms = (nanoseconds: number) => `${(nanoseconds / 1e6).toFixed(1)} ms`;

describe('faults: overload', () => {
  const scope = new StageScope();
  const { keep } = scope;

  it(`answers ${CLIENTS} clients that ask all the time`, async function () {
    this.timeout(120_000);
    const { options } = scope.stage;
    const primary = await keep(openPrimary(options));
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    const clients: MpChannel[] = [];
    while (clients.length < CLIENTS) {
      clients.push(await keep(openSecondary({ ...options, visibility: 'private' })));
    }
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const hammer = async (client: MpChannel, i: number) => {
      for (let n = 0; n < EACH; n++) {
        const param = `${i}.${n}`;
        using reply = await client.request({ name: 'echo', param }, { timeoutMs: 50_000 });
        expect(reply.msgs[0]?.text()).to.equal(param);
      }
    };
    await Promise.all(clients.map(hammer));
    delay.disable();
    console.log(`      event loop delay: p50 ${ms(delay.percentile(50))}, max ${ms(delay.max)}`);
    expect(primary.stats.received).to.equal(CLIENTS * EACH);
  });

  it('answers threads that ask without a pause in similar numbers', async function () {
    this.timeout(120_000);
    const { options } = scope.stage;
    const primary = await keep(openPrimary(options));
    const served = new Map<string, number>();
    let turns = 0;
    const enough = new Promise<void>((resolve) => {
      primary.registerAction('echo', (msg) => {
        const total = (served.get(msg.text()) ?? 0) + 1;
        served.set(msg.text(), total);
        if (total === MOST) resolve();
        return { param: msg.param };
      });
    });
    const program = new URL('./hammer-worker.ts', import.meta.url);
    const workers = ['a', 'b', 'c', 'd'].map(
      (tag) => new Worker(program, { workerData: { ...options, tag } }),
    );
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    for (const worker of workers) worker.postMessage('go');
    const timer = setInterval(() => turns++, 1);
    await enough;
    clearInterval(timer);
    for (const worker of workers) worker.postMessage('stop');
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    console.log(`      ${[...served].sort().join(' ')}, ${turns} turns of a timer`);
    expect(served.size).to.equal(workers.length);
    expect(Math.min(...served.values())).to.be.greaterThan(MOST / 20);
    expect(turns).to.be.greaterThan(10);
  });

  it('stops reading while too many handlers run, and still sends requests', async function () {
    this.timeout(120_000);
    const { options } = scope.stage;
    const primary = await keep(openPrimary({ ...options, maxPendingMessages: 8 }));
    let called = 0;
    primary.registerAction('stuck', () => {
      called++;
      return new Promise(() => {});
    });
    const secondary = await keep(openSecondary(options));
    secondary.registerAction('echo', (msg) => ({ param: msg.param }));
    const sends = Array.from({ length: 40 }, () =>
      secondary.sendMessage({ name: 'stuck' }, { timeoutMs: 200 }).then(
        () => 'sent',
        (error: { code: string }) => error.code,
      ),
    );
    const outcomes = await Promise.all(sends);
    expect(called).to.equal(8);
    expect(outcomes.filter((outcome) => outcome === 'ETIMEDOUT')).to.have.lengthOf(40 - 8 - IN_KERNEL);
    using reply = await primary.request({ name: 'echo', param: 'alive' });
    expect(reply.msgs[0]?.text()).to.equal('alive');
  });

  it('answers others while a requester floods it and never reads its answers', async function () {
    this.timeout(120_000);
    const { stage } = scope;
    const primary = await keep(openPrimary(stage.options));
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    const errors: unknown[] = [];
    primary.on('error', (error) => errors.push(error));
    const flooder = stage.socket('mp_socket_1_flooder');
    const request = encodeMessage('332/8', MpType.REQ, { name: 'echo', param: 'flood' });
    const other = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    for (let i = 0; i < 200; i++) {
      for (let n = 0; n < 10; n++) flooder.send(request, [], stage.primaryPath);
      using reply = await other.request({ name: 'echo', param: `${i}` });
      expect(reply.msgs[0]?.text()).to.equal(`${i}`);
    }
    expect(primary.stats.received).to.be.greaterThan(1000);
    expect(errors).to.deep.equal([]);
  });

  it('delivers a flood of broadcasts to all secondaries, in order', async function () {
    this.timeout(120_000);
    const { stage } = scope;
    const primary = await keep(openPrimary(stage.options));
    const secondaries = [await keep(openSecondary(stage.options)), await keep(openSecondary(stage.options))];
    const got = secondaries.map((secondary) => {
      const texts: string[] = [];
      secondary.registerAction('flood', (msg) => {
        texts.push(msg.text());
      });
      return texts;
    });
    const fd = openSync('/dev/null', 'r');
    const texts = Array.from({ length: 3000 }, (_, i) => String(i));
    await Promise.all(
      texts.map((param, i) => primary.sendMessage({ name: 'flood', param, fds: i % 100 === 0 ? [fd] : [] })),
    );
    closeSync(fd);
    while (got.some((list) => list.length < texts.length)) await new Promise(setImmediate);
    expect(got).to.deep.equal([texts, texts]);
  });
});

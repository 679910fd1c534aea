// A Node primary whose memory grows and shrinks, for itself and for C secondaries.
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { RawPeer } from '../../live/support/raw-peer.js';
import { contents } from '../../support/descriptors.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { patternErrors, patternFill, zoneOf } from '../support/live-memory.js';
import { did, MIB, primaryStage } from './support/stage.js';

/** More bytes than two pages have. */
const LARGE = 9 * MIB;
/** More than the kernel's queue holds, fewer than the worker holds. */
const MESSAGES = 900;

describeReleases('primary: growth', (release) => growth(false, release));
describe('primary: growth in a worker', () => growth(true));

function growth(worker: boolean, release?: string): void {
  const stage = primaryStage('growth', release);

  it('grows for a secondary, which another one sees, and shrinks', async () => {
    const { memory } = await stage().primary({ worker });
    const [one, two] = [await stage().secondary(), await stage().secondary()];
    const before = memory.memsegs().length;
    await did(one, `reserve LARGE ${LARGE}`);
    await did(one, 'fill LARGE 7');
    expect(await did(two, 'verify LARGE 7')).to.include({ bad: '0' });
    expect(patternErrors(zoneOf(memory, 'LARGE').bytes.subarray(0, LARGE), 7)).to.equal(0);
    expect(memory.memsegs().length).to.be.greaterThan(before);
    stage().expectWhole();
    await did(two, 'free LARGE');
    expect(memory.memsegs()).to.have.length(before);
    await Promise.all([one.quit(), two.quit()]);
    stage().expectWhole();
    expect(stage().events).to.deep.equal([]);
  });

  it('grows for the primary, which secondaries see, and shrinks', async () => {
    const { memory } = await stage().primary({ worker });
    const secondary = await stage().secondary();
    const before = memory.memsegs().length;
    const zone = memory.reserve('LARGE', LARGE);
    patternFill(zone.bytes, 11);
    expect(await did(secondary, 'verify LARGE 11')).to.include({ bad: '0' });
    memory.free(zone);
    expect(memory.memsegs()).to.have.length(before);
    expect((await secondary.command('lookup LARGE')).fields).to.include({ errno: 'ENOENT' });
    await secondary.quit();
    stage().expectWhole();
  });

  it('grows for three secondaries and the primary at once', async () => {
    const { memory } = await stage().primary({ worker });
    const peers = [await stage().secondary(), await stage().secondary(), await stage().secondary()];
    const rounds = Array.from({ length: 6 }, (_, round) => round);
    const churn = peers.map(async (peer, i) => {
      for (const round of rounds) {
        await did(peer, `reserve Z${i}_${round} ${3 * MIB}`);
        await did(peer, `fill Z${i}_${round} ${round}`);
        if (round > 2) await did(peer, `free Z${i}_${round - 2}`);
      }
    });
    const own = (async () => {
      for (const round of rounds) {
        const zone = memory.reserve(`OWN_${round}`, 3 * MIB);
        patternFill(zone.bytes, round);
        await delay(1); // lets the others take the locks
        expect(patternErrors(zone.bytes, round)).to.equal(0);
        memory.free(zone);
      }
    })();
    await Promise.all([...churn, own]);
    for (const [i, peer] of peers.entries()) {
      expect(await did(peer, `verify Z${i}_5 5`)).to.include({ bad: '0' });
    }
    stage().expectWhole();
    await Promise.all(peers.map((peer) => peer.quit()));
  });
}

describe('primary: growth that fails', () => {
  const stage = primaryStage('refused');

  it('is refused with ENOMEM when no page is left', async () => {
    const { memory } = await stage().primary();
    const secondary = await stage().secondary();
    const tooMuch = 2 ** 36;
    expect((await secondary.command(`reserve HUGE ${tooMuch}`)).fields).to.include({ errno: 'ENOMEM' });
    expect(() => memory.reserve('HUGE', tooMuch))
      .to.throw()
      .with.property('code', 'ENOMEM');
    await secondary.quit();
    stage().expectWhole();
  });

  it('is taken back when a secondary does not answer', async function () {
    this.timeout(120_000);
    const { memory } = await stage().primary({ worker: true });
    const secondary = await stage().secondary();
    const before = memory.memsegs().length;
    const mute = RawPeer.bind(stage().live, 'mp_socket_1_1');
    expect((await secondary.command(`reserve LARGE ${LARGE}`, 20_000)).fields).to.include({
      errno: 'ENOMEM',
    });
    mute.close();
    await did(secondary, `reserve LARGE ${LARGE}`);
    await did(secondary, 'free LARGE');
    expect(memory.memsegs()).to.have.length(before);
    await secondary.quit();
    stage().expectWhole();
  });
});

describe('primary: a busy main thread', () => {
  const stage = primaryStage('busy');

  it('delays no growth with a worker, and gets its messages complete and in order', async () => {
    const primary = await stage().primary({ worker: true });
    const got: number[] = [];
    primary.registerAction('count', ({ param }) => {
      got.push(new DataView(param.buffer, param.byteOffset).getUint32(0, true));
    });
    const [talker, grower] = [await stage().secondary(), await stage().secondary()];
    talker.send(`flood count ${MESSAGES}`);
    grower.send(`reserve LARGE ${LARGE}`);
    const { memory } = primary;
    // this thread's event loop doesn't run until the zone is there
    const deadline = performance.now() + 10_000;
    while (memory.lookup('LARGE') === undefined && performance.now() < deadline);
    expect(memory.lookup('LARGE')).not.to.equal(undefined);
    await talker.waitFor(/^flood /);
    while (got.length < MESSAGES) await delay(1);
    expect(got).to.deep.equal(Array.from({ length: MESSAGES }, (_, i) => i));
    let read: string[] = [];
    primary.registerAction('letters', ({ fds }) => {
      read = contents(fds);
      return {};
    });
    await did(grower, 'reqfd letters x 5000 2');
    expect(read).to.deep.equal(['Z', '[']);
    await Promise.all([talker.quit(), grower.quit()]);
    stage().expectWhole();
  });
});

describe('primary: a secondary that is killed while its memory grows', () => {
  const stage = primaryStage('killed');

  it('blocks other processes for a few seconds at most, with a worker', async function () {
    this.timeout(120_000);
    const { memory } = await stage().primary({ worker: true });
    const [victim, other] = [await stage().secondary(), await stage().secondary()];
    const mute = RawPeer.bind(stage().live, 'mp_socket_1_1');
    victim.send(`reserve LARGE ${LARGE}`);
    await mute.next(); // the primary waits until every secondary has mapped the pages
    victim.kill('SIGKILL');
    await victim.exited;
    mute.close();
    // the next process spins on the dead one's locks until the primary has released them
    expect(await did(other, 'reserve AFTER 100000')).to.include({ name: 'AFTER' });
    memory.reserve('MINE', 4096);
    expect(stage().events.map((event) => (event as { code: string }).code)).to.include('EOWNERDEAD');
    await other.quit();
    stage().expectWhole();
  });

  it('blocks other processes for a few seconds at most, without a worker', async function () {
    this.timeout(120_000);
    await stage().process();
    const [victim, other] = [await stage().secondary(), await stage().secondary()];
    const mute = RawPeer.bind(stage().live, 'mp_socket_1_1');
    victim.send(`reserve LARGE ${LARGE}`);
    await mute.next();
    victim.kill('SIGKILL');
    await victim.exited;
    mute.close();
    expect(await did(other, 'reserve AFTER 100000')).to.include({ name: 'AFTER' });
    expect(await did(other, `reserve LARGE ${LARGE}`)).to.include({ name: 'LARGE' });
    await other.quit();
    stage().expectWhole();
  });
});

// C secondaries of each release on the memory of a Node primary.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { openSecondary } from '../../../lib/index.js';
import { contents, withFds } from '../../support/descriptors.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { patternErrors, patternFill, zoneOf } from '../support/live-memory.js';
import { did, MIB, primaryStage } from './support/stage.js';

describeReleases('primary: attached by C', (release) => {
  const stage = primaryStage('attach', release);

  for (const hugepages of [2, false] as const) {
    it(`shares bytes both ways, ${hugepages === false ? 'without hugepages' : 'in hugepages'}`, async () => {
      const { memory } = await stage().primary({ hugepages });
      const zone = memory.reserve('NODE', 64 * 1024);
      patternFill(zone.bytes, 3);
      const secondary = await stage().secondary();
      const found = await did(secondary, 'lookup NODE');
      expect(BigInt(found.addr ?? 0)).to.equal(zone.addr);
      expect(await did(secondary, 'verify NODE 3')).to.include({ bad: '0' });
      await did(secondary, 'fill NODE 4');
      expect(patternErrors(zone.bytes, 4)).to.equal(0);
      await secondary.quit();
      stage().expectWhole();
    });
  }

  it('sees and frees zones that C reserves, and C those of Node', async () => {
    const { memory } = await stage().primary();
    const secondary = await stage().secondary();
    const { addr } = await did(secondary, 'reserve FROM_C 100000');
    await did(secondary, 'fill FROM_C 9');
    const zone = zoneOf(memory, 'FROM_C');
    expect(zone.addr).to.equal(BigInt(addr ?? 0));
    expect(patternErrors(zone.bytes.subarray(0, 100_000), 9)).to.equal(0);
    expect((await secondary.command('reserve FROM_C 64')).fields).to.include({ errno: 'EEXIST' });
    expect(() => memory.reserve('FROM_C', 64))
      .to.throw()
      .with.property('code', 'EEXIST');
    memory.free(zone);
    expect((await secondary.command('lookup FROM_C')).fields).to.include({ errno: 'ENOENT' });
    expect(() => zone.bytes)
      .to.throw()
      .with.property('code', 'ESTALE');
    memory.reserve('FROM_NODE', 128);
    expect(await did(secondary, 'free FROM_NODE')).to.include({ ret: '0' });
    expect(memory.lookup('FROM_NODE')).to.equal(undefined);
    await secondary.quit();
    stage().expectWhole();
  });

  it('exchanges messages and descriptors, and broadcasts to C and Node secondaries', async () => {
    const primary = await stage().primary();
    primary.registerAction('hello', (msg) => ({ param: `Got '${msg.text()}'` }));
    let read: string[] = [];
    primary.registerAction('letters', ({ fds }) => {
      read = contents(fds);
      return {};
    });
    const node = await stage().live.open();
    node.registerAction('echo', (msg) => ({ param: msg.param }));
    const secondary = await stage().secondary();
    expect(await did(secondary, 'req hello world 5000')).to.include({ nb_received: '1' });
    await did(secondary, 'reqfd letters x 5000 2');
    expect(read).to.deep.equal(['Z', '[']);
    using reply = await primary.request({ name: 'echo', param: 'all' });
    expect(reply.msgs.map((msg) => msg.text())).to.deep.equal(['all', 'all']);
    await withFds(['A'], async (fds) => {
      using answer = await primary.request({ name: 'fdecho', fds });
      expect(answer.msgs.map((msg) => contents(msg.fds))).to.deep.equal([['A']]);
    });
    await secondary.quit();
  });

  it('lets --proc-type auto find that it is a secondary, also after this process has read config', async () => {
    await stage().primary();
    readFileSync(`${stage().live.runtimeDir}/config`);
    const secondary = await stage().live.startSecondary({ procType: 'auto' });
    await secondary.quit();
  });

  it('is refused by a secondary of another release', async () => {
    const [major] = stage().version.split(/\.(?=\d+$)/);
    const primary = await stage().primary({ version: `${major}.77` });
    const secondary = await stage().live.startSecondary({ untilReady: false });
    await secondary.waitFor(/^FAILED /, 90_000);
    expect(secondary.stderr).to.match(/version/i);
    expect(primary.memory.version).to.equal(`${major}.77`);
    stage().expectWhole();
  });

  it('leaves its memory to secondaries when it closes, and removes its files', async () => {
    const primary = await stage().primary();
    patternFill(primary.memory.reserve('KEPT', 4096).bytes, 5);
    const secondary = await stage().secondary();
    await primary.close();
    expect(await did(secondary, 'verify KEPT 5')).to.include({ bad: '0' });
    await secondary.quit();
    const left = readdirSync(stage().live.runtimeDir).filter((name) => !name.startsWith('fbarray_'));
    expect(left).to.have.members(['config', 'hugepage_info']);
  });
});

describe('primary: attached by Node', () => {
  const stage = primaryStage('node');

  it('shares zones without hugepages, grows, and closes', async () => {
    const primary = await stage().primary({ hugepages: 0 });
    const channel = await openSecondary({
      filePrefix: stage().live.filePrefix,
      visibility: 'private', // a peer in the primary's own thread couldn't answer while the primary changes its memory
      memory: { writable: true },
    });
    stage().live.closeLater(channel);
    const zone = primary.memory.reserve('COUNTERS', 64);
    const seen = zoneOf(channel.memory, 'COUNTERS');
    seen.bytes[5] = 55;
    expect(zone.bytes[5]).to.equal(55);
    const big = primary.memory.reserve('BIG', 9 * MIB);
    patternFill(big.bytes, 1);
    expect(patternErrors(zoneOf(channel.memory, 'BIG').bytes, 1)).to.equal(0);
    primary.memory.free(big);
    expect(channel.memory.lookup('BIG')).to.equal(undefined);
    expect(() => channel.memory.reserve('X', 64))
      .to.throw()
      .with.property('code', 'ENOTSUP');
    stage().expectWhole();
    await primary.close();
    expect(() => zone.bytes)
      .to.throw()
      .with.property('code', 'EBADF');
    expect(existsSync(`${stage().live.runtimeDir}/pages`)).to.equal(false);
  });
});

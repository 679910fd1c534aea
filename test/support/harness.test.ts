// The tests' own tools, with live C processes.
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { CProcess } from './c-process.js';
import { needsDpdk } from './dpdk/needs-dpdk.js';
import { peersFor } from './dpdk/peers-for.js';
import { cleanPrefix, leftovers, uniquePrefix } from './dpdk/prefix.js';
import { LineLog, parseLine } from './line-log.js';

/** The message that a promise is rejected with. */
function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `resolved with ${String(value)}`,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

describe('harness: lines', () => {
  it('parses a line, with quoted and empty values', () => {
    const line = parseLine('got name=echo hex= text="a \\x22b\\x22" fd0=fifo:5a peer=/run/x');
    expect(line.event).to.equal('got');
    expect(line.fields).to.deep.equal({
      name: 'echo',
      hex: '',
      text: 'a "b"',
      fd0: 'fifo:5a',
      peer: '/run/x',
    });
  });

  it('finds lines printed before and after the wait began, each once', async () => {
    const log = new LineLog(() => '');
    log.push('got n=1');
    log.push('got n=2');
    expect((await log.waitFor(/^got/)).fields.n).to.equal('1');
    expect((await log.waitFor(/^got/)).fields.n).to.equal('2');
    const third = log.waitFor(/^got/);
    log.push('other');
    log.push('got n=3');
    expect((await third).fields.n).to.equal('3');
  });

  it('does not move the cursor when the wait has a start of its own', async () => {
    const log = new LineLog(() => '');
    log.push('a');
    log.push('b');
    await log.waitFor(/b/, { from: 0 });
    expect((await log.waitFor(/./)).text).to.equal('a');
  });

  it('rejects a wait with the last output when the program ends', async () => {
    const log = new LineLog(() => 'its last words');
    const waiting = rejection(log.waitFor(/READY/));
    log.end('it ended with status 1');
    expect(await waiting)
      .to.contain('/READY/')
      .and.contain('status 1')
      .and.contain('its last words');
    expect(await rejection(log.waitFor(/READY/))).to.contain('status 1');
  });

  it('forgets lines, and finds later ones', async () => {
    const log = new LineLog(() => '');
    log.push('READY 1');
    await log.waitFor(/READY/);
    const waiting = log.waitFor(/READY/);
    log.forget();
    expect(log.lines).to.deep.equal([]);
    log.push('READY 2');
    expect((await waiting).text).to.equal('READY 2');
    log.push('READY 3');
    expect((await log.waitFor(/READY/)).text).to.equal('READY 3');
  });

  it('rejects a wait after its timeout', async () => {
    const log = new LineLog(() => '');
    expect(await rejection(log.waitFor(/READY/, { timeoutMs: 1 })))
      .to.contain('/READY/')
      .and.contain('1 ms');
  });
});

describe('harness: prefixes', () => {
  it('are unique', () => {
    const names = [uniquePrefix('x'), uniquePrefix('x')];
    expect(new Set(names).size).to.equal(2);
    names.forEach(cleanPrefix);
  });

  it("that are not the tests' own are not cleaned", () => {
    expect(() => cleanPrefix('rte')).to.throw(/uniquePrefix/);
    expect(() => cleanPrefix('dpdkipc-/../rte')).to.throw(/uniquePrefix/);
  });
});

describe('harness: programs', () => {
  it('names a program that can not be started', async () => {
    await using program = new CProcess('nothing', ['/nonexistent/program']);
    expect(await rejection(program.waitFor(/./))).to.contain('/nonexistent/program');
  });

  it('gets the last line of a program that ends at once', async () => {
    await using program = new CProcess('sh', ['/bin/sh', '-c', 'echo one; printf last; exit 3']);
    expect(await program.exited).to.deep.equal({ code: 3, signal: null });
    expect(program.lines.map((line) => line.text)).to.deep.equal(['one', 'last']);
    expect(program.running).to.equal(false);
  });
});

describe('harness: a machine without DPDK', () => {
  const { CI } = process.env;
  const print = console.log;
  const skipping = {
    skip: () => {
      throw new Error('skipped');
    },
  } as unknown as Mocha.Context;

  afterEach(() => {
    console.log = print;
    delete process.env.CI;
    if (CI !== undefined) process.env.CI = CI;
  });

  it('skips the suite and prints what is missing', async () => {
    const printed: unknown[] = [];
    delete process.env.CI;
    console.log = (text: unknown) => printed.push(text);
    expect(await rejection(needsDpdk(skipping, { release: '0.1' }))).to.equal('skipped');
    expect(printed.join()).to.match(/pending: .*'0\.1'/);
  });

  it('fails where CI is set', async () => {
    process.env.CI = 'true';
    expect(await rejection(needsDpdk(skipping, { release: '0.1' }))).to.match(/'0\.1'.*CI/);
  });
});

describe('harness: C peers', () => {
  const peers = peersFor('harness');

  before(async function () {
    await needsDpdk(this, { hugepages: 8 });
  });

  it('exchange echo, sum and a descriptor', async () => {
    const primary = await peers.start({ role: 'primary' });
    const secondary = await peers.start({ role: 'secondary', core: 1 });

    const echo = await secondary.command('req echo hello 1000');
    expect(echo.fields).to.include({ ret: '0', nb_sent: '1', nb_received: '1' });
    const reply = await secondary.waitFor(/^req\.reply name=echo/);
    expect(reply.fields).to.include({ text: 'hello', len: '5' });
    const got = await primary.waitFor(/^got name=echo/);
    expect(got.fields.peer).to.match(new RegExp(`^${peers.runtimeDir}/mp_socket_${secondary.pid}_`));

    await secondary.command('req sum hex:010203ff 1000');
    expect((await secondary.waitFor(/^req\.reply name=sum/)).fields.hex).to.equal('05010000');

    await secondary.command('reqfd fdecho - 1000');
    const fd = await secondary.waitFor(/^reqfd\.reply name=fdecho/);
    expect(fd.fields).to.include({ nfds: '1', text: 'Z', fd0: 'fifo:5a' });
  });

  it('counts a flood in order and shares memory between the peers', async () => {
    const primary = await peers.start({ role: 'primary' });
    const secondary = await peers.start({ role: 'secondary', core: 1 });

    expect((await secondary.command('flood count 500')).fields).to.include({ sent: '500', failed: '0' });
    // answered after the flood: one queue, one thread
    await secondary.command('req ping - 5000');
    expect((await primary.command('count')).fields).to.include({ n: '500', senders: '1', in_order: '1' });
    expect((await primary.command('count')).fields).to.include({ n: '0' });

    expect((await secondary.command('verify BIG')).fields).to.include({ words: '1310720', bad: '0' });
    await primary.command('poke BIG 4 00000000');
    expect((await secondary.command('verify BIG')).fields.bad).to.equal('1');
  });

  it('rejects a command that the peer does not know, and goes on', async () => {
    const primary = await peers.start({ role: 'primary', bigZone: false });
    expect(await rejection(primary.command('dance'))).to.contain('dance');
    expect((await primary.command('list')).fields.n).to.equal('1');
  });

  it('leaves no socket after a clean exit, and nothing after cleanPrefix', async () => {
    const primary = await peers.start({ role: 'primary', bigZone: false });
    const socket = `${peers.runtimeDir}/mp_socket`;
    expect(existsSync(socket)).to.equal(true);
    expect(await primary.quit()).to.deep.equal({ code: 0, signal: null });
    expect(primary.lines.at(-1)?.text).to.match(/^BYE why=quit /);
    expect(existsSync(socket)).to.equal(false);

    expect(leftovers(peers.filePrefix)).to.not.deep.equal([]);
    cleanPrefix(peers.filePrefix);
    expect(leftovers(peers.filePrefix)).to.deep.equal([]);
  });

  it('notices a primary that is killed, and cleans its files up', async () => {
    const primary = await peers.start({ role: 'primary' });
    const secondary = await peers.start({ role: 'secondary', core: 1 });
    const waiting = rejection(primary.waitFor(/never/));
    primary.kill('SIGKILL');
    expect(await primary.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
    expect(await waiting).to.contain('SIGKILL');
    expect((await secondary.command('req echo x 1000')).fields).to.include({
      ret: '-1',
      errno: 'ECONNREFUSED',
    });
    await secondary.quit();

    expect(existsSync(`${peers.runtimeDir}/mp_socket`)).to.equal(true);
    cleanPrefix(peers.filePrefix);
    expect(leftovers(peers.filePrefix)).to.deep.equal([]);
  });

  it('shows the log of EAL when a peer can not start', async () => {
    const why = await rejection(peers.start({ role: 'secondary' }));
    expect(why).to.contain('READY').and.contain('EAL:');
  });
});

describe('harness: C primary without hugepages', () => {
  const peers = peersFor('nohuge');

  before(async function () {
    await needsDpdk(this);
  });

  it('has its socket, no BIG when told so, and ends cleanly', async () => {
    const primary = await peers.start({ role: 'primary', hugepages: false, bigZone: false });
    expect(existsSync(`${peers.runtimeDir}/mp_socket`)).to.equal(true);
    expect((await primary.command('lookup BIG')).fields).to.include({ ret: '-1', errno: 'ENOENT' });
    expect((await primary.command('lookup SHARED_INFO')).fields.len).to.equal('4096');
    expect(await primary.quit()).to.deep.equal({ code: 0, signal: null });
  });

  it('has all its memzones', async () => {
    const primary = await peers.start({ role: 'primary', hugepages: false });
    expect((await primary.command('verify BIG')).fields.bad).to.equal('0');
    expect(await primary.quit()).to.deep.equal({ code: 0, signal: null });
  });
});

// `dpdk-ipc request`, `send`, `listen` and `bench` against live C primaries.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openSecondary } from '../../../lib/index.js';
import { type CliOptions, cli, cliJson, needsCli, RunningCli } from '../../support/cli.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import type { CPeer } from '../../support/dpdk/peer.js';
import { peersFor } from '../../support/dpdk/peers-for.js';

const SMALL = { role: 'primary', hugepages: false, bigZone: false } as const;

describe('dpdk-ipc request and send', () => {
  const peers = peersFor('request', 'suite');
  let primary: CPeer;
  let dir: string;
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this);
    primary = await peers.start(SMALL);
    dir = mkdtempSync(join(tmpdir(), 'dpdk-ipc-cli-'));
    peers.defer(() => rmSync(dir, { recursive: true, force: true }));
  });
  afterEach('no socket is left', () => {
    expect(readdirSync(peers.runtimeDir).filter((name) => /^mp_(socket|reply)_/.test(name))).to.deep.equal(
      [],
    );
  });

  const request = (name: string, args: readonly string[] = [], options: CliOptions = {}) =>
    cli(['request', name, ...args, '--file-prefix', peers.filePrefix], options);

  it('prints text as text, and other bytes as a hexdump', async () => {
    expect(await request('echo', ['--text', 'hello there'])).to.deep.equal({
      status: 0,
      stdout: 'hello there\n',
      stderr: '',
    });
    expect((await request('echo', ['--hex', '00 ff'])).stdout).to.match(/^00000000 {2}00 ff {2,}\|\.\.\|\n$/);
    expect((await request('echo')).stdout).to.equal('(empty)\n');
  });

  it('takes the param from a file, from standard input or from --struct', async () => {
    const file = join(dir, 'param');
    writeFileSync(file, Buffer.from([1, 2, 3, 250]));
    expect((await request('sum', ['--file', file, '--as', 'u32:sum'])).stdout).to.equal('sum 256\n');
    const piped = await request('sum', ['--file', '-', '--as', 'u32'], { input: Buffer.from([5, 6]) });
    expect(piped.stdout).to.equal('u32 11\n');
    const struct = await request('echo', ['--struct', 'u16:0x102,s3:ab', '--raw']);
    expect(struct.stdout).to.equal('\x02\x01ab\0');
  });

  for (const way of ['--sync', '--async']) {
    it(`prints the reply as JSON, ${way}`, async () => {
      const args = ['request', 'echo', way, '--struct', 'u8:7,s3:ab', '--as', 'u8:n,s3:word'];
      const { status, result } = await cliJson([...args, '--file-prefix', peers.filePrefix]);
      expect(status).to.equal(0);
      expect(result).to.include({ nbSent: 1, nbReceived: 1 });
      expect(result.msgs).to.deep.equal([
        { name: 'echo', length: 4, hex: '07616200', fds: [], struct: { n: 7, word: 'ab' } },
      ]);
    });
  }

  it('sends descriptors and describes those of the answer', async () => {
    const file = join(dir, 'letter');
    writeFileSync(file, 'Q');
    const { status, stdout } = await request('fdecho', ['--fd', file]);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^Q\ndescriptor \d+: pipe:\[\d+\] \(read-only\)\n$/);
    const both = ['--fd', file, file, '--fd-rw', file, '--json', '--file-prefix', peers.filePrefix];
    const { result } = await cliJson(['request', 'echo', ...both]);
    expect(result.msgs[0].fds.map(({ access }: { access: string }) => access)).to.deep.equal([
      'read-only',
      'read-only',
      'read-write',
    ]);
    expect(result.msgs[0].fds[0].target).to.equal(file);
  });

  it('ends with status 1 without an answer, and with 2 without a primary', async () => {
    const unanswered = await request('silent', ['--timeout', '200ms']);
    expect(unanswered).to.include({ status: 1, stdout: '' });
    expect(unanswered.stderr)
      .to.contain("No answer to 'silent'")
      .and.to.contain('give a longer --timeout')
      .and.to.contain(`dpdk-ipc doctor --file-prefix ${peers.filePrefix}`);
    const nobody = await cli(['request', 'echo', '--file-prefix', `${peers.filePrefix}x`]);
    expect(nobody).to.include({ status: 2, stdout: '' });
    expect(nobody.stderr).to.contain('start');
  });

  it('prints errors as JSON with --json', async () => {
    const prefix = `${peers.filePrefix}x`;
    const nobody = await cli(['request', 'echo', '--file-prefix', prefix, '--json']);
    expect(nobody).to.include({ status: 2, stdout: '' });
    const { error } = JSON.parse(nobody.stderr);
    expect(error).to.include({ code: 'ENOENT', doctor: `dpdk-ipc doctor --file-prefix ${prefix}` });
    expect(error.message).to.contain('start it');
    expect(error.path).to.contain(`${prefix}/mp_socket`);
    const bad = await request('echo', ['--hex', '0g', '--json']);
    expect(JSON.parse(bad.stderr).error).to.have.all.keys('code', 'message');
  });

  it('refuses bad input before anything is sent', async () => {
    for (const [args, hint] of [
      [['--hex', '0g'], 'two digits'],
      [['--hex', '0'], 'two digits'],
      [['--file', '/no/such'], '/no/such: ENOENT'],
      [['--fd', '/no/such'], '/no/such: ENOENT'],
      [['--struct', 'u32:x'], 'whole number'],
      [['--text', 'x'.repeat(256)], '257'],
      [['--text', 'a', '--hex', '00'], "cannot be used with option '--hex"],
      [['--timeout', '0'], '500ms'],
      [['--as', 'q3'], 'no such type'],
      [['--as', 's257'], 'at most 256'],
      [['--struct', 's99999999999:a'], 'at most 1048576'],
      [['--struct', 's1048577:a'], 'at most 1048576'],
    ] as const) {
      const { status, stderr, stdout } = await request('echo', args);
      expect({ status, stdout }, stderr).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.contain(hint).and.not.to.contain('doctor');
    }
    const bench = await cli(['bench', '--count', '99999999999', '--file-prefix', peers.filePrefix]);
    expect(bench).to.include({ status: 2, stdout: '' });
    expect(bench.stderr).to.contain('from 1 to 100000000');
    expect((await request('x'.repeat(64))).stderr).to.contain('63');
  });

  it('sends one-way messages', async () => {
    const args = ['send', 'silent', '--text', 'to whom it may concern', '--file-prefix', peers.filePrefix];
    const { status, stdout } = await cli(args);
    expect({ status, stdout }).to.deep.equal({
      status: 0,
      stdout: `sent 'silent' to ${peers.runtimeDir}/mp_socket\n`,
    });
    const hex = Buffer.from('to whom it may concern\0').toString('hex');
    await primary.waitFor(new RegExp(`^got name=silent .*hex=${hex}`));
    expect((await cliJson([...args])).result).to.include({ sent: true, name: 'silent' });
  });

  it('measures latency', async () => {
    const { status, stdout } = await cli(['bench', '--count', '200', '--file-prefix', peers.filePrefix]);
    expect(status).to.equal(0);
    expect(stdout).to.match(
      /^200 requests 'bus_vdev_mp'.*\n(?: {2}(?:min|p50|p90|p99|max) +\d+\.\d µs\n){5}$/,
    );
    const args = ['bench', '--count', '100', '--action', 'echo', '--size', '256'];
    const { result } = await cliJson([...args, '--file-prefix', peers.filePrefix]);
    expect(result).to.include({ action: 'echo', size: 256, count: 100 });
    const { min, p50, p90, p99, max } = result.micros;
    expect([min, p50, p90, p99, max]).to.deep.equal([min, p50, p90, p99, max].sort((a, b) => a - b));
  });

  it('refuses to measure with the default action while there are secondaries', async () => {
    await using _other = await openSecondary({ filePrefix: peers.filePrefix });
    const { status, stderr } = await cli(['bench', '--file-prefix', peers.filePrefix]);
    expect(status).to.equal(2);
    expect(stderr).to.contain('--action');
  });

  it('ends a measurement at Ctrl-C, and when the primary is killed', async function () {
    this.timeout(120_000);
    const endless = ['--count', '100000000', '--action', 'echo', '--timeout', '300ms'];
    const args = ['bench', ...endless, '--file-prefix', peers.filePrefix];
    const interrupted = new RunningCli(args, { input: '' });
    await primary.waitFor(/^got name=echo len=16 /);
    interrupted.kill('SIGINT');
    expect(await interrupted.ended).to.include({ status: 130, stderr: '' });
    const bereft = new RunningCli(args, { input: '' });
    const echo = primary.lines.length;
    await primary.waitFor(/^got name=echo len=16 /, { from: echo });
    primary.kill('SIGKILL');
    const { status, stderr } = await bereft.ended;
    expect(status).to.equal(2);
    // the primary may die while a request is under way, or between two
    expect(stderr).to.match(/has died|No answer to 'echo'/);
    expect((await request('echo')).status).to.equal(2);
  });
});

describe('dpdk-ipc listen', () => {
  const peers = peersFor('listen');
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this);
  });

  async function listen(...args: string[]): Promise<RunningCli> {
    const listener = new RunningCli(['listen', ...args, '--file-prefix', peers.filePrefix]);
    peers.defer(() => {
      listener.kill('SIGKILL');
      return listener.ended;
    });
    await listener.errLine(/^listening as /);
    return listener;
  }

  it('prints messages, answers requests, and ends with status 0 at Ctrl-C', async () => {
    const primary = await peers.start(SMALL);
    const listener = await listen('news', 'hello', '--reply', 'text:from the shell');
    expect((await primary.command('bcast news good')).fields.ret).to.equal('0');
    expect(await listener.outLine(/news/)).to.match(/^\d\d:\d\d:\d\d\.\d{3} news from .*: good$/);
    const asked = await primary.command('req hello hi 5000');
    expect(asked.fields).to.include({ ret: '0', nb_received: '1' });
    expect(primary.lines.find(({ event }) => event === 'req.reply')?.text).to.contain(
      Buffer.from('from the shell\0').toString('hex'),
    );
    expect((await primary.command('req other hi 5000')).fields).to.include({ ret: '0', nb_received: '0' });
    listener.kill('SIGINT');
    expect(await listener.ended).to.include({ status: 0 });
    expect(existsSync(`${peers.runtimeDir}/mp_socket`)).to.equal(true);
    expect(readdirSync(peers.runtimeDir).filter((name) => name.startsWith('mp_socket_'))).to.deep.equal([]);
  });

  it('describes descriptors, prints JSON lines, and ends after --count messages', async () => {
    const primary = await peers.start(SMALL);
    const listener = await listen('files', '--json', '--count', '2', '--reply', 'echo');
    const asked = await primary.command('reqfd files two 5000 2');
    expect(asked.fields).to.include({ ret: '0', nb_received: '1' });
    await primary.command('bcast files last');
    const { status, stdout } = await listener.ended;
    expect(status).to.equal(0);
    const [first, second] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).to.include({ name: 'files', text: 'two' });
    expect(first.fds.map(({ target }: { target: string }) => target.replace(/\d+/, 'N'))).to.deep.equal([
      'pipe:[N]',
      'pipe:[N]',
    ]);
    expect(second).to.include({ name: 'files', text: 'last' });
  });

  it('opens a primary with --primary', async () => {
    const listener = await listen('hello', '--primary', '--count', '1', '--reply', 'struct:u32:5');
    const { status, stdout } = await cli([
      'request',
      'hello',
      ...['--text', 'anybody?', '--as', 'u32:n', '--file-prefix', peers.filePrefix],
    ]);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: 'n 5\n' });
    expect(await listener.ended).to.include({ status: 0 });
  });

  it('answers with IGN by default, which request reports', async () => {
    await listen('hello', '--primary');
    const { status, stderr } = await cli(['request', 'hello', '--file-prefix', peers.filePrefix]);
    expect(status).to.equal(1);
    expect(stderr).to.contain("has no action 'hello'");
  });

  it('refuses an unknown --reply, and a second primary', async () => {
    const reply = await cli(['listen', 'any', '--reply', 'maybe', '--file-prefix', peers.filePrefix]);
    expect(reply.status).to.equal(2);
    expect(reply.stderr).to.contain('echo, ignore, none');
    await peers.start(SMALL);
    const second = await cli(['listen', 'any', '--primary', '--file-prefix', peers.filePrefix]);
    expect(second.status).to.equal(2);
    expect(second.stderr).to.contain('is running already');
  });
});

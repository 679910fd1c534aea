// The demo as a newcomer runs it, with the failures that may happen meanwhile.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { CProcess } from '../support/c-process.js';
import { hugetlbfsMounts } from '../support/dpdk/hugepages.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { linesOf, stage } from './stage.js';

const DEMO = 'examples/demo/demo.ts';
const SERVER = 'examples/demo/server.ts';
const CLIENT = 'examples/demo/client.ts';

/** Timeout for the start of two processes on a loaded machine. */
const START_MS = 30_000;

/** Many more requests than a test waits for. */
const ENDLESS = ['--rounds', '9999', '--fast'];

function replies(rounds: number): string[] {
  return Array.from({ length: rounds }, (_, i) => [
    `[SYNC] reply: Server SYNC reply: Got 'SYNC Hello ${i + 1} from Client'`,
    '[ASYNC] request sent',
    '[ASYNC] callback called',
    `[ASYNC] reply: Server ASYNC reply: Got 'ASYNC Hello ${i + 1} from Client'`,
  ]).flat();
}

/** Lines of one kind keep their order; the two kinds have different intervals. */
function expectPlayed(program: CProcess, rounds: number): void {
  const said = linesOf(program, 'client  ').filter((line) => !line.startsWith('[Client]'));
  expect(said.sort()).to.deep.equal(replies(rounds).sort());
  for (const kind of ['SYNC', 'ASYNC']) {
    const numbers = linesOf(program, `server  [${kind}] received: ${kind} Hello `);
    expect(numbers).to.deep.equal(Array.from({ length: rounds }, (_, i) => `${i + 1} from Client`));
  }
  const counters = linesOf(program, 'server  [Server] handled ');
  expect(counters.at(-1)).to.equal(`sync requests: ${rounds}, async requests: ${rounds}`);
  expect(counters.length).to.be.above(1);
  expect(linesOf(program, 'demo    ').at(-1)).to.equal('client ended: status 0; server ended: status 0');
}

/** Returns the pid of the process that runs `file` with this file prefix. */
function pidOf(file: string, filePrefix: string): number {
  const pid = readdirSync('/proc').find((entry) => {
    const words = /^\d+$/.test(entry) ? commandLine(entry) : [];
    return words.some((word) => word.endsWith(file)) && words.includes(filePrefix);
  });
  if (pid === undefined) throw new Error(`${file} isn't running with --file-prefix ${filePrefix}`);
  return Number(pid);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it has just ended
  }
}

describe('demo', function () {
  this.timeout(120_000);
  const place = stage();

  it('plays the tutorial between two Node processes and ends', async () => {
    const demo = place.node(DEMO, ['--fast', '--rounds', '2']);
    const exit = await demo.exited;
    expect(exit, demo.describe()).to.deep.equal({ code: 0, signal: null });
    expectPlayed(demo, 2);
    const fromMemory = 'in shared memory: handled sync requests: 2, async requests: 2';
    expect(linesOf(demo, 'client  [Client] ')).to.deep.equal([fromMemory]);
    expect(demo.stderr).to.equal('');
    expect(place.entries()).to.deep.equal([]);
  });

  it('ends both processes on SIGINT (Ctrl-C), SIGTERM and SIGHUP', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    const end = async (signal: NodeJS.Signals) => {
      const demo = place.node(DEMO, ENDLESS);
      await demo.waitFor(/^client {2}\[SYNC\] reply/, START_MS);
      demo.kill(signal);
      expect(await demo.exited).to.deep.equal({ code: 130, signal: null });
      expect(linesOf(demo, 'demo    ').at(-1)).to.equal('client ended: status 0; server ended: status 0');
    };
    await Promise.all(signals.map(end));
    expect(place.entries()).to.deep.equal([]);
  });

  it('ends when its server is killed', async () => {
    const demo = place.node(DEMO, [...ENDLESS, '--file-prefix', 'killed-server']);
    await demo.waitFor(/^client {2}\[SYNC\] reply/, START_MS);
    process.kill(pidOf('server.ts', 'killed-server'), 'SIGKILL');
    expect((await demo.exited).code).to.equal(1);
    expect(linesOf(demo, 'demo    ').at(-1)).to.match(/server ended: SIGKILL$/);
  });

  it('ends when its client is killed', async () => {
    const demo = place.node(DEMO, [...ENDLESS, '--file-prefix', 'killed-client']);
    await demo.waitFor(/^client {2}\[SYNC\] reply/, START_MS);
    process.kill(pidOf('client.ts', 'killed-client'), 'SIGKILL');
    expect((await demo.exited).code).to.equal(1);
    expect(linesOf(demo, 'demo    ').at(-1)).to.equal('client ended: SIGKILL; server ended: status 0');
  });

  it('refuses a file prefix that is in use', async () => {
    const server = place.node(SERVER, ['--file-prefix', 'used']);
    await server.waitFor(/^\[Server\] ready/, START_MS);
    const demo = place.node(DEMO, ['--fast', '--file-prefix', 'used']);
    await demo.waitFor(/^server {2}server: A primary is running already/, START_MS);
    expect((await demo.exited).code).to.equal(1);
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
  });

  it('says how to install DPDK where it is missing', async () => {
    const demo = place.node(DEMO, ['--c-primary'], { PKG_CONFIG_LIBDIR: '/nowhere', PKG_CONFIG_PATH: '' });
    expect((await demo.exited).code).to.equal(1);
    expect(demo.stderr).to.match(/^demo: .*apt-get install libdpdk-dev.*\n$/);
  });

  const wrong: Readonly<Record<string, RegExp>> = {
    '--quick': /Unknown option '--quick'/,
    '--rounds 0': /--rounds is '0': give a whole number above 0/,
    '--rounds': /argument missing/,
    '--fast=1': /does not take an argument/,
    now: /Unexpected argument 'now'/,
    '--file-prefix ../x': /not usable/,
  };
  it('refuses wrong options with one line and status 2', async () => {
    const refuse = async ([args = '', message = /^$/]: [string, RegExp]) => {
      const demo = place.node(DEMO, args.split(' '));
      expect((await demo.exited).code, args).to.equal(2);
      expect(demo.stderr).to.match(message);
      expect(demo.stderr.trimEnd().split('\n')).to.have.length(1);
    };
    await Promise.all(Object.entries(wrong).map(refuse));
  });

  it('lists the options of each program for --help', async () => {
    const help = async (file: string) => {
      const program = place.node(file, ['--help']);
      expect((await program.exited).code).to.equal(0);
      await program.waitFor(/^ {2}--file-prefix NAME/);
    };
    await Promise.all([DEMO, SERVER, CLIENT].map(help));
  });
});

describe("the demo's client", function () {
  this.timeout(120_000);
  const place = stage();

  it('says that no server runs', async () => {
    const client = place.node(CLIENT);
    expect((await client.exited).code).to.equal(1);
    expect(client.lines).to.deep.equal([]);
    expect(client.stderr).to.match(
      /^client: connect .*\/rte\/mp_socket: ENOENT. No primary is running there/,
    );
  });

  it('goes on when the server comes back', async () => {
    const first = place.node(SERVER);
    await first.waitFor(/^\[Server\] ready/, START_MS);
    const client = place.node(CLIENT, ['--sync-ms', '50', '--async-ms', '50']);
    await client.waitFor(/^\[ASYNC\] reply/, START_MS);
    first.kill('SIGTERM');
    await first.exited;
    const second = place.node(SERVER);
    await second.waitFor(/^\[SYNC\] received/, START_MS);
    client.kill('SIGTERM');
    expect((await client.exited).code).to.equal(1);
    expect(client.stderr).to.match(/^\[A?SYNC\] failed: .*mp_socket/m);
  });
});

describe('demo --c-primary', function () {
  this.timeout(120_000);
  const place = stage();

  before(async function () {
    await needsDpdk(this);
  });

  it('lets the Node client talk to the C server', async () => {
    const demo = place.node(DEMO, ['--c-primary', '--fast', '--rounds', '2']);
    const exit = await demo.exited;
    expect(exit, demo.describe()).to.deep.equal({ code: 0, signal: null });
    expectPlayed(demo, 2);
    const fromMemory = 'in shared memory: handled sync requests: 2, async requests: 2';
    expect(linesOf(demo, 'client  [Client] ')).to.deep.equal([fromMemory]);
    expect(linesOf(demo, 'server  [Server] ends: ')).to.deep.equal(['force_quit']);
    expect(place.entries()).to.deep.equal([]);
    const pages = hugetlbfsMounts().flatMap((dir) => readdirSync(dir));
    expect(pages.filter((name) => name.startsWith(`dpdk-ipc-demo-${demo.pid}map_`))).to.deep.equal([]);
  });

  it('ends both processes on SIGINT', async () => {
    const demo = place.node(DEMO, ['--c-primary', ...ENDLESS]);
    await demo.waitFor(/^client {2}\[SYNC\] reply/, START_MS);
    demo.kill('SIGINT');
    expect(await demo.exited).to.deep.equal({ code: 130, signal: null });
    expect(place.entries()).to.deep.equal([]);
  });
});

describe('demo --c-secondary', function () {
  this.timeout(120_000);
  const place = stage();

  before(async function () {
    await needsDpdk(this);
  });

  it('lets the C client talk to the Node server, and see its counters', async () => {
    const demo = place.node(DEMO, ['--c-secondary', '--fast', '--rounds', '2']);
    const exit = await demo.exited;
    expect(exit, demo.describe()).to.deep.equal({ code: 0, signal: null });
    expectPlayed(demo, 2);
    const fromMemory = 'in shared memory: handled sync requests: 2, async requests: 2';
    expect(linesOf(demo, 'client  [Client] ')).to.deep.equal([fromMemory]);
    expect(place.entries()).to.deep.equal([]);
  });

  it('ends both processes on SIGINT', async () => {
    const demo = place.node(DEMO, ['--c-secondary', ...ENDLESS]);
    await demo.waitFor(/^client {2}\[SYNC\] reply/, START_MS);
    demo.kill('SIGINT');
    expect(await demo.exited).to.deep.equal({ code: 130, signal: null });
    expect(place.entries()).to.deep.equal([]);
  });
});

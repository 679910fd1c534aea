// What README.md shows works: its programs are run as they stand, against a primary in Node and one in C.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { type MpChannel, openPrimary } from '../../lib/index.js';
import { buildProgram } from '../support/build.js';
import type { CProcess } from '../support/c-process.js';
import type { DpdkInstall } from '../support/dpdk.js';
import { ealArgs } from '../support/eal-args.js';
import { needsDpdk } from '../support/needs-dpdk.js';
import { CPeer } from '../support/peer.js';
import { stage } from './stage.js';

const ROOT = new URL('../../', import.meta.url);
const README = read('README.md');

/** A program that was started on a loaded machine. */
const START_MS = 30_000;

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8');
}

/** The code block that follows `<!-- run: NAME -->`. */
function programOf(name: string): string {
  const block = new RegExp(`<!-- run: ${name} -->\\s+\`\`\`js\\n(.*?)\`\`\``, 's').exec(README);
  if (block?.[1] === undefined) throw new Error(`README.md has no program <!-- run: ${name} -->`);
  return block[1];
}

describe("README's programs", function () {
  this.timeout(60_000);
  const place = stage();

  function run(name: string): CProcess {
    const file = place.path(`${name}.mjs`);
    writeFileSync(file, programOf(name));
    return place.node(pathToFileURL(file).href);
  }

  async function expectAsked(program: CProcess, answer: string): Promise<void> {
    const exit = await program.exited;
    expect(exit, program.describe()).to.deep.equal({ code: 0, signal: null });
    expect(program.lines.map(({ text }) => text)).to.deep.equal([answer]);
  }

  async function expectEnds(program: CProcess): Promise<void> {
    program.kill('SIGINT');
    const exit = await program.exited;
    expect(exit, program.describe()).to.deep.equal({ code: 0, signal: null });
    expect(place.entries().filter((name) => name.includes('mp_socket_'))).to.deep.equal([]);
  }

  it('have at most ten lines', () => {
    for (const name of ['ask', 'answer', 'memory']) {
      expect(programOf(name).trimEnd().split('\n').length).to.be.at.most(10);
    }
  });

  describe('with a primary in Node', () => {
    let primary: MpChannel;

    beforeEach(async () => {
      primary = await openPrimary({ runtimeDir: place.runtimeDir });
    });
    afterEach(() => primary.close());

    it('ask', async () => {
      primary.registerAction('hello_request', (msg) => ({ param: `Got '${msg.text()}'` }));
      await expectAsked(run('ask'), "Got 'Hello from Node'");
    });

    it('answer', async () => {
      const program = run('answer');
      await program.waitFor(/^listening on /, START_MS);
      const reply = await primary.request({ name: 'node_hello', param: 'hi' });
      expect(reply.msgs.map((msg) => msg.text())).to.deep.equal(["Node got 'hi'"]);
      await expectEnds(program);
    });
  });

  describe('with a primary in C', () => {
    let install: DpdkInstall;
    // without hugepages: a primary of this prefix may be running here, and its page files are not ours to touch
    const primary = { filePrefix: 'rte', hugepages: false, memoryMb: 64 };

    before(async function () {
      install = await needsDpdk(this);
    });

    async function startServer(): Promise<CProcess> {
      const source = fileURLToPath(new URL('examples/demo/server.c', ROOT));
      const path = await buildProgram(install, 'demo-server', [source]);
      const server = place.run('C server', install.wrap([path, ...ealArgs(primary)]));
      await server.waitFor(/^\[Server\] ready/, START_MS);
      return server;
    }

    async function expectServed(server: CProcess, count: number): Promise<void> {
      server.kill('SIGTERM');
      expect(await server.exited).to.deep.equal({ code: 0, signal: null });
      expect(server.lines.at(-1)?.text).to.match(new RegExp(`handled sync requests: ${count},`));
    }

    it('ask', async () => {
      const server = await startServer();
      await expectAsked(run('ask'), "Server SYNC reply: Got 'Hello from Node'");
      await expectServed(server, 1);
    });

    it('memory', async () => {
      const server = await startServer();
      const program = run('memory');
      expect(await program.exited, program.describe()).to.deep.equal({ code: 0, signal: null });
      expect(program.lines.map(({ text }) => text.split(' ')[0])).to.include('shared_info');
      await expectServed(server, 1);
    });

    it('answer', async () => {
      const peer = await CPeer.start({ role: 'primary', ...primary, bigZone: false, env: place.env });
      try {
        const program = run('answer');
        await program.waitFor(/^listening on /, START_MS);
        await peer.command('req node_hello hi 5000');
        const reply = await peer.waitFor(/^req\.reply name=node_hello/);
        expect(reply.fields.text).to.equal("Node got 'hi'");
        await expectEnds(program);
        await peer.quit();
      } finally {
        await peer[Symbol.asyncDispose]();
      }
    });
  });
});

describe('documents', () => {
  const files = ['README.md', 'CONTRIBUTING.md', 'examples/README.md'];

  for (const file of files) {
    it(`${file} links to what is there`, () => {
      for (const [, target = ''] of read(file).matchAll(/\]\(([^)#:]+)\)/g)) {
        expect(existsSync(new URL(target, new URL(file, ROOT))), target).to.equal(true);
      }
    });

    it(`${file} names scripts that exist`, () => {
      const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
      for (const [, script = ''] of read(file).matchAll(/npm run ([a-z-]+)/g)) {
        expect(scripts).to.have.property(script);
      }
    });
  }
});

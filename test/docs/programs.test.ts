// The programs in README.md and docs/ work: these tests run them unchanged, with the package as npm installs it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type MpChannel, openPrimary } from '../../lib/index.js';
import { stage } from '../examples/stage.js';
import { driverArgs } from '../lib/hotplug/support.js';
import { NODE_RELEASES, needsNode } from '../package/node-releases.js';
import { needsPacked, type Packed } from '../package/packed.js';
import type { CProcess } from '../support/c-process.js';
import { buildProgram } from '../support/dpdk/build.js';
import { ealArgs } from '../support/dpdk/eal-args.js';
import type { DpdkInstall } from '../support/dpdk/install.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { CPeer } from '../support/dpdk/peer.js';
import { PROGRAMS, type Program } from './documents.js';

/** Timeout for the start of a program on a loaded machine. */
const START_MS = 30_000;
const SERVER = fileURLToPath(new URL('../../examples/demo/server.c', import.meta.url));
/** Programs that need a peer. The others have their output in the text block below. */
const WITH_OTHERS = ['serve', 'ask', 'answer', 'memory', 'devices'];
// without hugepages: a primary of this prefix may be running on the machine, whose page files must stay
const C_PRIMARY = { filePrefix: 'rte', hugepages: false, memoryMb: 64 };

function programOf(name: string): Program {
  const program = PROGRAMS.find((candidate) => candidate.name === name);
  if (program === undefined) throw new Error(`No document has a program <!-- run: ${name} -->`);
  return program;
}

describe('programs in documents', function () {
  this.timeout(120_000);
  const place = stage();
  let packed: Packed;

  before(function () {
    packed = needsPacked(this);
  });

  function run({ name, source }: Program, node = process.execPath): CProcess {
    const file = join(packed.directory, `${name}.${source.includes('require(') ? 'cjs' : 'mjs'}`);
    writeFileSync(file, source);
    return place.run(`${name}`, [node, file]);
  }

  async function linesOf(program: CProcess): Promise<string[]> {
    const exit = await program.exited;
    expect(exit, program.describe()).to.deep.equal({ code: 0, signal: null });
    return program.lines.map(({ text }) => text);
  }

  async function expectEnds(program: CProcess): Promise<void> {
    program.kill('SIGINT');
    await linesOf(program);
    expect(place.entries().filter((name) => name.includes('mp_socket_'))).to.deep.equal([]);
  }

  it('all have a name and are run', () => {
    const unknown = PROGRAMS.filter(
      ({ name, output }) => name === undefined || (output === undefined && !WITH_OTHERS.includes(name)),
    );
    expect(unknown.map(({ document, source }) => `${document}: ${source}`)).to.deep.equal([]);
    const names = PROGRAMS.map(({ name }) => name);
    expect(names).to.deep.equal([...new Set(names)]);
  });

  it('have at most ten lines when they come first', () => {
    for (const name of WITH_OTHERS) {
      expect(programOf(name).source.trimEnd().split('\n').length).to.be.at.most(10);
    }
  });

  for (const program of PROGRAMS.filter(({ output }) => output !== undefined)) {
    it(`${program.document}: ${program.name}`, async () => {
      expect(await linesOf(run(program))).to.deep.equal(program.output);
    });
  }

  it('README.md: serve and ask', async () => {
    const serving = run(programOf('serve'));
    await serving.waitFor(/^listening on /, START_MS);
    expect(await linesOf(run(programOf('ask')))).to.deep.equal(["Got 'Hello from Node'"]);
    await expectEnds(serving);
  });

  it('docs/guide.md: answer', async () => {
    const primary: MpChannel = await openPrimary({ runtimeDir: place.runtimeDir });
    try {
      const answering = run(programOf('answer'));
      await answering.waitFor(/^listening on /, START_MS);
      const reply = await primary.request({ name: 'node_hello', param: 'hi' });
      expect(reply.msgs.map((msg) => msg.text())).to.deep.equal(["Node got 'hi'"]);
      await expectEnds(answering);
    } finally {
      await primary.close();
    }
  });

  for (const release of [process.versions.node, ...NODE_RELEASES]) {
    describe(`with a primary in C, on Node ${release}`, () => {
      let install: DpdkInstall;
      let node: string;

      before(async function () {
        install = await needsDpdk(this);
        node = needsNode(this, release);
      });

      it('README.md: ask and memory', async () => {
        const path = await buildProgram(install, 'demo-server', [SERVER]);
        const server = place.run('C server', install.wrap([path, ...ealArgs(C_PRIMARY)]));
        await server.waitFor(/^\[Server\] ready/, START_MS);
        expect(await linesOf(run(programOf('ask'), node))).to.deep.equal([
          "Server SYNC reply: Got 'Hello from Node'",
        ]);
        const zones = await linesOf(run(programOf('memory'), node));
        expect(zones.map((text) => text.split(' ')[0])).to.include('shared_info');
        server.kill('SIGTERM');
        expect(await server.exited).to.deep.equal({ code: 0, signal: null });
        // one request, and one that the program added in shared memory
        expect(server.lines.at(-1)?.text).to.match(/handled sync requests: 2,/);
      });

      it('docs/guide.md: devices', async () => {
        await using peer = await CPeer.start({
          role: 'primary',
          ...C_PRIMARY,
          bigZone: false,
          env: place.env,
          args: driverArgs(),
        });
        expect(await linesOf(run(programOf('devices'), node))).to.deep.equal([
          'attached vdev:net_null1,size=64',
          'net_null1',
        ]);
        await peer.quit();
      });

      it('docs/guide.md: answer', async () => {
        await using peer = await CPeer.start({
          role: 'primary',
          ...C_PRIMARY,
          bigZone: false,
          env: place.env,
        });
        const answering = run(programOf('answer'), node);
        await answering.waitFor(/^listening on /, START_MS);
        await peer.command('req node_hello hi 5000');
        const reply = await peer.waitFor(/^req\.reply name=node_hello/);
        expect(reply.fields.text).to.equal("Node got 'hi'");
        await expectEnds(answering);
        await peer.quit();
      });
    });
  }
});

// The installed package on each line of Node, imported and required. It was installed without install scripts.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CProcess } from '../support/c-process.js';
import { NODE_RELEASES, needsNode } from './node-releases.js';
import { needsPacked, type Packed } from './packed.js';

const IMPORTS: Readonly<Record<string, string>> = {
  'dpdk-ipc': '{ MpError, openPrimary, openSecondary }',
  'dpdk-ipc/drivers': '{ AFXDP_ACTION }',
  'dpdk-ipc/protocol': '{ decodeMessage, encodeMessage, MpType }',
  'dpdk-ipc/shm': '{ attachMemory }',
  'dpdk-ipc/testing': '{ createMemoryNetwork }',
  'node:fs': '{ closeSync, openSync, readFileSync }',
};

const BODY = `
async function ask(name, { openPrimary, openSecondary }, options) {
  const primary = await openPrimary(options);
  primary.registerAction('read', (msg) => ({ param: readFileSync(msg.fds[0], 'utf8').slice(-8) }));
  const secondary = await openSecondary(options);
  const fd = openSync(process.argv[1]);
  const reply = await secondary.request({ name: 'read', fds: [fd] });
  closeSync(fd);
  console.log(name, JSON.stringify(reply.msgs[0].text()));
  await secondary.close();
  await primary.close();
}

async function main() {
  const runtimeDir = process.env.RUNTIME_DIRECTORY;
  await ask('sockets', { openPrimary, openSecondary }, { runtimeDir });
  await ask('memory', createMemoryNetwork());
  console.log('drivers', AFXDP_ACTION);
  console.log('codec', decodeMessage('340/253', encodeMessage('340/253', MpType.REQ, { name: 'x' })).name);
  try {
    attachMemory({ runtimeDir });
  } catch (error) {
    console.log('shm', error instanceof MpError, error.code);
  }
}

main();
`;

const PROGRAMS = {
  'program.mjs': (from: string, names: string) => `import ${names} from '${from}';`,
  'program.cjs': (from: string, names: string) => `const ${names} = require('${from}');`,
};

describe('the installed package', () => {
  let packed: Packed;

  before(function () {
    packed = needsPacked(this);
    for (const [file, toLine] of Object.entries(PROGRAMS)) {
      const lines = Object.entries(IMPORTS).map(([from, names]) => toLine(from, names));
      writeFileSync(join(packed.directory, file), lines.join('\n') + BODY);
    }
  });

  for (const release of [process.versions.node, ...NODE_RELEASES]) {
    describe(`on Node ${release}`, function () {
      this.timeout(120_000);
      let node: string;

      before(function () {
        node = needsNode(this, release);
      });

      async function run(...args: string[]): Promise<string[]> {
        const env = { RUNTIME_DIRECTORY: packed.directory };
        await using program = new CProcess(args.join(' '), [node, ...args], env);
        const exit = await program.exited;
        expect(exit, program.describe()).to.deep.equal({ code: 0, signal: null });
        expect(program.stderr).to.equal('');
        return program.lines.map(({ text }) => text);
      }

      for (const file of Object.keys(PROGRAMS)) {
        it(`works in ${file}`, async () => {
          expect(await run(join(packed.directory, file))).to.deep.equal([
            'sockets "main();\\n"',
            'memory "main();\\n"',
            'drivers afxdp_mp_send_fds',
            'codec x',
            'shm true ENOPRIMARY',
          ]);
        });
      }

      it('has the command', async () => {
        const command = join(packed.directory, 'node_modules/.bin/dpdk-ipc');
        expect((await run(command, '--version'))[0]).to.match(/^\d+\.\d+\.\d+$/);
      });
    });
  }
});

// Platforms without DPDK: imports work, calls that need DPDK throw ENOTSUP, and the codec works everywhere.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { CProcess } from '../support/c-process.js';
import { needsPacked, type Packed } from './packed.js';

const ELSEWHERE = [
  { platform: 'darwin', arch: 'arm64' },
  { platform: 'win32', arch: 'x64' },
  { platform: 'linux', arch: 's390x' },
] as const;

/** Makes a program see another machine, for which koffi has no binary here: any use of koffi fails. */
const pretend = (machine: { platform: string; arch: string }) => `
for (const [name, value] of Object.entries(${JSON.stringify(machine)})) Object.defineProperty(process, name, { value });
`;

const TRIES = `
import { openPrimary, openSecondary } from 'dpdk-ipc';
import { encodeMessage, MpType } from 'dpdk-ipc/protocol';
import { attachMemory, disableMultiProcess } from 'dpdk-ipc/shm';
import { createMemoryNetwork } from 'dpdk-ipc/testing';

async function say(name, action) {
  try {
    console.log(name, await action());
  } catch (error) {
    console.log(name, error.name, error.code, error.message);
  }
}
await say('primary', () => openPrimary());
await say('secondary', () => openSecondary());
await say('private', () => openSecondary({ visibility: 'private', socketNamespace: 'abstract' }));
await say('shm', () => attachMemory());
await say('disable', () => disableMultiProcess('config'));
await say('codec', () => encodeMessage('332/8', MpType.REQ, { name: 'x' }).length);
const network = createMemoryNetwork();
const primary = await network.openPrimary();
primary.registerAction('x', (msg) => ({ param: msg.text() + '!' }));
const secondary = await network.openSecondary();
await say('network', async () => (await secondary.request({ name: 'x', param: 'hi' })).msgs[0].text());
await say('sync', () => secondary.requestSync({ name: 'x', param: 'hi' }).msgs[0].text());
await say('descriptor', () => secondary.request({ name: 'x', fds: [1] }));
await secondary.close();
await primary.close();
`;

/** Loads the codec into a context that has nothing but the language and TextEncoder: no Node. */
const BARE = `
import { readFileSync } from 'node:fs';
import { SourceTextModule, createContext } from 'node:vm';

const context = createContext({ done: undefined, TextDecoder, TextEncoder });
const modules = new Map();
function load(url) {
  if (!modules.has(url.href))
    modules.set(url.href, new SourceTextModule(readFileSync(url, 'utf8'), { context, identifier: url.href }));
  return modules.get(url.href);
}
const program = new SourceTextModule(
  \`import { decodeMessage, encodeMessage, MpType } from './index.js';
  const { name, param } = decodeMessage('340/253', encodeMessage('340/253', MpType.MSG, { name: 'grüße', param: 'é' }));
  done = [name, ...param].join();\`,
  { context, identifier: process.argv[2] },
);
await program.link((specifier, from) => {
  if (!specifier.startsWith('.')) throw new Error(\`\${from.identifier} imports \${specifier}\`);
  return load(new URL(specifier, from.identifier));
});
await program.evaluate();
console.log(context.done);
`;

describe('other platforms', function () {
  this.timeout(120_000);
  let packed: Packed;

  before(function () {
    packed = needsPacked(this);
  });

  async function run(name: string, program: string, ...flags: string[]): Promise<string[]> {
    const file = join(packed.directory, name);
    writeFileSync(file, program);
    const base = pathToFileURL(join(packed.packageDir, 'dist/protocol/x.js')).href;
    await using child = new CProcess(name, [process.execPath, ...flags, file, base]);
    expect(await child.exited, child.describe()).to.deep.equal({ code: 0, signal: null });
    return child.lines.map(({ text }) => text);
  }

  for (const machine of ELSEWHERE) {
    it(`${machine.platform} on ${machine.arch}: the codec works, everything else throws ENOTSUP`, async () => {
      const flag = `data:text/javascript,${encodeURIComponent(pretend(machine))}`;
      const lines = await run('elsewhere.mjs', TRIES, '--import', flag);
      const answers = Object.fromEntries(
        lines.map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]),
      );
      const { codec, network, sync, ...others } = answers;
      expect({ codec, network, sync }).to.deep.equal({ codec: '332', network: 'hi!', sync: 'hi!' });
      expect(Object.keys(others)).to.deep.equal([
        'primary',
        'secondary',
        'private',
        'shm',
        'disable',
        'descriptor',
      ]);
      for (const answer of Object.values(others)) {
        expect(answer).to.match(
          /^MpError ENOTSUP DPDK's sockets and shared memory need 64-bit Linux, and this is /,
        );
        expect(answer).to.contain(`${machine.platform} on ${machine.arch}`);
      }
    });
  }

  it('throws ENOTSUP that names a missing binary of koffi', async () => {
    const hook = `import { Module } from 'node:module';
      const load = Module._load;
      Module._load = (name, ...rest) => { if (name === 'koffi') throw new Error('no binary'); return load(name, ...rest); };`;
    const program = `import { openSecondary } from 'dpdk-ipc';
      openSecondary({ runtimeDir: '/tmp' }).catch((error) => console.log(error.code, error.message, error.cause.message));`;
    const flag = `data:text/javascript,${encodeURIComponent(hook)}`;
    const [line] = await run('missing.mjs', program, '--import', flag);
    expect(line).to.match(/^ENOTSUP koffi, .* has no binary .*--omit=optional.* no binary$/);
  });

  it('runs protocol/ with the language and TextEncoder only', async () => {
    expect(readdirSync(join(packed.packageDir, 'dist/protocol'))).to.include('index.js');
    const lines = await run('bare.mjs', BARE, '--experimental-vm-modules', '--no-warnings');
    expect(lines).to.deep.equal(['grüße,195,169,0']);
  });
});

// The package that npm would publish: its files, its declarations, and its surface as api/ has it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { API_REPORTS, reportOf } from './api-report.js';
import { compile } from './compile.js';
import { linkNodeTypes, needsPacked, type Packed } from './packed.js';

/** A program of a TypeScript user, which tsc must accept. */
const CONSUMER = `
import { IGNORE, type Handler, MpError, type MpReply, openSecondary } from 'dpdk-ipc';
import { AFXDP_ACTION } from 'dpdk-ipc/drivers';
import { decodeMessage, encodeMessage, MpType } from 'dpdk-ipc/protocol';
import { attachMemory, attachShared, type MemzoneHandle, type SharedMemory } from 'dpdk-ipc/shm';
import { createMemoryNetwork } from 'dpdk-ipc/testing';

const handler: Handler = async (msg, peer) => (peer.pid === undefined ? IGNORE : { param: msg.param });
const channel = await openSecondary({ filePrefix: 'x', visibility: 'private', memory: { writable: true } });
channel.registerAction('a', handler);
channel.on('error', (error: unknown) => void error).on('warning', (error: MpError) => void error.code);
const reply: MpReply = await channel.request({ name: 'a', param: new Uint8Array(1), fds: [0] }, { timeoutMs: 1 });
const text: string | undefined = reply.msgs[0]?.text();
const memory: SharedMemory = attachMemory();
const handle: MemzoneHandle | undefined = memory.lookup('zone')?.share();
const bytes: Uint8Array | undefined = handle && attachShared(handle).bytes;
const name: string = decodeMessage('332/8', encodeMessage('332/8', MpType.REQ, { name: 'a' })).name;
const primary = await createMemoryNetwork().openPrimary();
export const all: unknown[] = [text, bytes, name, AFXDP_ACTION, primary.stats.dropped['no-action']];
// @ts-expect-error: a name is needed
channel.requestSync({ param: 'x' });
// @ts-expect-error: not a dialect
channel.dialect === '1/1';
`;

describe('the package', () => {
  let packed: Packed;

  before(function () {
    packed = needsPacked(this);
  });

  it('has what users need, and nothing else', () => {
    const top = readdirSync(packed.packageDir).sort();
    expect(top).to.deep.equal(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json']);
    const floors = ['lib', 'protocol', 'shm', 'sys', 'tools'];
    expect(readdirSync(join(packed.packageDir, 'dist')).sort()).to.deep.equal(floors);
  });

  it('depends on commander and koffi only', () => {
    const { dependencies } = JSON.parse(readFileSync(join(packed.packageDir, 'package.json'), 'utf8')) as {
      dependencies: object;
    };
    expect(Object.keys(dependencies).sort()).to.deep.equal(['commander', 'koffi']);
  });

  it('satisfies publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: packed.packageDir, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).to.deep.equal([]);
  });

  it('has types that every module resolution finds', async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(packed.tarball)));
    const problems = 'problems' in result ? result.problems : ['no types'];
    const unexpected = problems.filter(
      // the package is ESM only: TypeScript lets CommonJS require it with module nodenext; node10 doesn't read exports
      (problem) =>
        typeof problem === 'string' ||
        (problem.kind !== 'CJSResolvesToESM' &&
          !('resolutionKind' in problem && problem.resolutionKind === 'node10')),
    );
    expect(unexpected).to.deep.equal([]);
  });

  for (const [module, moduleResolution] of [
    ['Node16', 'Node16'],
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'Bundler'],
  ] as const) {
    it(`compiles in a strict project with moduleResolution ${moduleResolution}`, function () {
      this.timeout(120_000);
      linkNodeTypes(packed);
      writeFileSync(join(packed.directory, 'consumer.mts'), CONSUMER);
      expect(compile(packed.directory, 'consumer.mts', { module, moduleResolution })).to.equal('');
    });
  }

  for (const name of API_REPORTS) {
    it(`has the surface that api/${name}.api.md says`, function () {
      this.timeout(120_000);
      const isStale = reportOf(name, false);
      expect(isStale, 'run npm run api-report, and commit what it changes').to.equal(false);
    });
  }
});

// The examples in doc comments compile, unchanged, in a function that has the names that they use.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import ts from 'typescript';
import { API_REPORTS } from '../package/api-report.js';
import { read } from './documents.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = ['protocol', 'shm', 'lib'];

/** Imports all exports, and declares the names that examples don't declare themselves. */
const PRELUDE = `
import { subscribe, tracingChannel } from 'node:diagnostics_channel';
import { type Worker, parentPort } from 'node:worker_threads';
import { type DropEvent, type DropReason, type Handler, type HotplugEvent, type Message, type MpChannel, type ReceivedMessage, type ReplyBody, type RequestTrace, type TrafficEvent, IGNORE, MemzoneFlag, MpError, hotplug, openPrimary, openSecondary } from './lib/index.js';
import { type FakeAnswer, type FakeAnswers, type FakePeer, type Fate, type MemoryNetwork, createMemoryNetwork } from './lib/testing/index.js';
import { type DecodedMessage, type DecodeReason, DIALECTS, DecodeError, MpType, RequestTable, char, decodeMessage, dialectOf, encodeMessage, f64, struct, u8, u16, u32, u64, versionOf } from './protocol/index.js';
import { type Memzone, type SharedMemory, attachMemory, attachShared, disableMultiProcess, enableMultiProcess } from './shm/index.js';
declare const channel: MpChannel;
declare const datagram: Uint8Array;
declare const id: bigint;
declare const memory: SharedMemory;
declare const msg: ReceivedMessage;
declare const network: MemoryNetwork;
declare const primary: FakePeer;
declare const worker: Worker;
declare const zone: Memzone;
`;

interface Example {
  readonly file: string;
  readonly code: string;
}

function examplesOf(file: string): Example[] {
  const blocks = read(file).matchAll(/@example\n(.*?)(?:\n\s*\* @|\*\/)/gs);
  return [...blocks].map(([, block = '']) => ({ file, code: block.replaceAll(/^\s*\* ?/gm, '') }));
}

const VALUES = 'const|function|class|async function';

/** Returns the names that a file exports: those of values, unless `kinds` has more. */
function exportsOf(file: string, kinds = VALUES): string[] {
  const exported = read(file).matchAll(new RegExp(`^export (?:${kinds}) (\\w+)`, 'gm'));
  return [...exported].map(([, name = '']) => name);
}

const SURFACE = API_REPORTS.map((name) => read(`api/${name}.api.md`)).join('\n');

/** Tells whether the public API has an export of this file. */
function isPublic(file: string): boolean {
  const names = exportsOf(file, `${VALUES}|interface|type`);
  return names.some((name) => new RegExp(`^export \\w+ ${name}\\b`, 'm').test(SURFACE));
}

/** Wraps an example in a function that has all exports of its file, public or not. */
function inFunction({ file, code }: Example, i: number): string {
  const names = exportsOf(file).join(', ');
  const module = `./${file.replace(/ts$/, 'js')}`;
  return `import * as own${i} from '${module}';\nasync () => {\nconst { ${names} } = own${i};\n{\n${code}\n}\n};\n`;
}

function compile(text: string): string[] {
  const config = ts.readConfigFile(`${ROOT}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const name = `${ROOT}examples-of-doc-comments.ts`;
  const compilerOptions = {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    noImplicitAny: false,
  };
  const host = ts.createCompilerHost(compilerOptions);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === name || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === name ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : getSourceFile(path, ...rest);
  const program = ts.createProgram([name], compilerOptions, host);
  const source = program.getSourceFile(name);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ start = 0, messageText }) => {
      const line = text.slice(0, start).split('\n').length;
      return `${text.split('\n')[line - 1]}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    },
  );
}

describe('examples in doc comments', function () {
  this.timeout(120_000);

  it('compile', () => {
    const files = FOLDERS.flatMap((folder) =>
      readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${folder}/${name}`),
    );
    const examples = files.filter(isPublic).flatMap(examplesOf);
    expect(examples.length).to.be.greaterThan(15);
    expect(compile(PRELUDE + examples.map(inFunction).join(''))).to.deep.equal([]);
  });
});

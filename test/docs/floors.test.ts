// The lint refuses every import that the pages forbid: each is written into a copy of the sources.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { read } from './documents.js';
import { FLOORS, foldersOf, makeBadFiles, OUTSIDE, ROOT, RULES } from './forbidden-imports.js';

const DEPCRUISE = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
const CONFIGS = ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs', 'biome.json'];

/** What Biome must refuse in every floor. */
const BAD_CODE = {
  'lint/suspicious/noExplicitAny': 'export const anything = (value: any) => value;\n',
  'lint/suspicious/noConsole': "export const say = () => console.log('said');\n",
};

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

function hasSources(folder: string): boolean {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).some((name) =>
    name.endsWith('.ts'),
  );
}

describe('the floors', function () {
  this.timeout(120_000);
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'dpdk-ipc-floors-'));
    for (const name of [...FLOORS, ...CONFIGS])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const folder of OUTSIDE) {
      mkdirSync(join(copy, folder));
      writeFileSync(join(copy, folder, 'any.ts'), 'export const any = 1;\n');
    }
  });

  afterEach(() => rmSync(copy, { recursive: true }));

  function run(program: string, ...args: string[]): string {
    const { stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      cwd: copy,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    if (stdout === '') throw new Error(stderr);
    return stdout;
  }

  /** The rules that each file breaks. */
  function violations(): Map<string, string[]> {
    const { summary } = JSON.parse(run(DEPCRUISE, '--output-type', 'json', ...FLOORS)) as {
      readonly summary: { readonly violations: readonly Violation[] };
    };
    const found = new Map<string, Set<string>>();
    for (const { from, rule } of summary.violations) {
      found.set(from, (found.get(from) ?? new Set()).add(rule.name));
    }
    return new Map([...found].map(([file, rules]) => [file, [...rules].sort()]));
  }

  it('hold in the sources as they are', () => {
    expect([...violations()]).to.deep.equal([]);
  });

  it('are defended: each forbidden import in each folder breaks its rule', () => {
    const badFiles = makeBadFiles();
    for (const { path, source } of badFiles) writeFileSync(join(copy, path), source);
    const found = violations();
    for (const { path, source, breaks } of badFiles) {
      expect(found.get(path) ?? [], `${path}: ${source}`).to.deep.equal([...breaks].sort());
      found.delete(path);
    }
    expect([...found], 'files that break a rule though they should not').to.deep.equal([]);
  });

  it('have a forbidden import for every rule', () => {
    expect(new Set(makeBadFiles().flatMap(({ breaks }) => breaks))).to.deep.equal(new Set(RULES));
  });

  it('have a place in the rules for every folder', () => {
    for (const floor of FLOORS) {
      const folders = readdirSync(join(ROOT, floor), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${floor}/${name}`)
        .filter(hasSources); // git leaves empty folders behind where files moved
      expect([...foldersOf(floor)].sort(), floor).to.deep.equal(folders.sort());
    }
  });

  for (const [rule, source] of Object.entries(BAD_CODE)) {
    it(`refuse ${rule}`, () => {
      const files = FLOORS.map((floor) => `${floor}/bad.ts`);
      for (const file of files) writeFileSync(join(copy, file), source);
      const output = run(BIOME, 'lint', '--reporter=github', ...files);
      for (const file of files)
        expect(output).to.match(new RegExp(`^::error title=${rule},file=${join(copy, file)},`, 'm'));
    });
  }

  it('are checked by npm run lint', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { lint: string } };
    const steps = scripts.lint.split(' && ');
    expect(steps).to.include.members(['biome ci .', `depcruise ${FLOORS.join(' ')}`]);
  });

  it('are what is compiled into the package', () => {
    const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] };
    expect(include.sort()).to.deep.equal([...FLOORS].sort());
  });
});

describe('the pages about the floors', () => {
  /** The folders in the first column of the table with this head. */
  function folders(document: string, head: string): string[] {
    const table =
      new RegExp(`^\\| ${head} +\\|.*\\n\\|[-| ]+\\n((?:\\|.*\\n)+)`, 'm').exec(read(document))?.[1] ?? '';
    return [...table.matchAll(/^\| `([\w/]+)\/` /gm)].map(([, folder = '']) => folder);
  }

  for (const document of ['CONTRIBUTING.md', 'docs/architecture.md']) {
    it(`${document} lists the floors of the rules, the highest first`, () => {
      expect(folders(document, 'floor')).to.deep.equal([...FLOORS].reverse());
    });
  }

  it('docs/architecture.md lists the folders of each floor in the order of the rules', () => {
    const listed = folders('docs/architecture.md', 'folder');
    for (const floor of FLOORS) {
      const own = listed.filter((folder) => folder.startsWith(`${floor}/`));
      expect(own, floor).to.deep.equal(foldersOf(floor));
    }
  });
});

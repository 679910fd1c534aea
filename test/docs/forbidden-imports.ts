// One source file for each import that .dependency-cruiser.cjs forbids, made from its rules: a new folder can't be forgotten.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string };
  readonly to: { readonly path?: string };
}

const config = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  readonly forbidden: readonly Rule[];
};

/** Names of all rules. */
export const RULES = config.forbidden.map(({ name }) => name);

/** A forbidden direction: files below the folder `from` must not import from the folders `to`. */
interface Direction {
  readonly rule: string;
  readonly from: string;
  readonly to: readonly string[];
}

const FOLDER = /^\^([\w/]+)\/$/;
const ONE_OF = /^\^(?:([\w/]+)\/)?\(([\w|]+)\)\/$/;

const DIRECTIONS = config.forbidden
  .filter(({ name }) => name.endsWith('-imports-down'))
  .map((rule): Direction => {
    const from = FOLDER.exec(rule.from.path ?? '')?.[1];
    const [, parent, folders] = ONE_OF.exec(rule.to.path ?? '') ?? [];
    if (from === undefined || folders === undefined)
      throw new RangeError(`The rule ${rule.name} has no folders`);
    return { rule: rule.name, from, to: folders.split('|').map((name) => posix.join(parent ?? '', name)) };
  });

/** The floors, the lowest first. */
export const FLOORS = ordered('');

/** The folders of a floor, those that the others stand on first. */
export function foldersOf(floor: string): readonly string[] {
  return ordered(`${floor}/`);
}

function ordered(parent: string): readonly string[] {
  const lowest = DIRECTIONS.find(
    ({ from }) => from.startsWith(parent) && !from.slice(parent.length).includes('/'),
  );
  return lowest === undefined ? [] : [lowest.from, ...lowest.to];
}

/** A source file, and the rules that it breaks. */
export interface BadFile {
  readonly path: string;
  readonly source: string;
  readonly breaks: readonly string[];
}

/** The forms of an import, those of types included. */
const FORMS: Readonly<Record<string, (specifier: string) => string>> = {
  value: (specifier) => `import '${specifier}';\n`,
  type: (specifier) => `import type * as all from '${specifier}';\nexport type All = typeof all;\n`,
  export: (specifier) => `export * from '${specifier}';\n`,
  'export-type': (specifier) => `export type * from '${specifier}';\n`,
  dynamic: (specifier) => `export const all = () => import('${specifier}');\n`,
  'type-query': (specifier) => `export type All = typeof import('${specifier}');\n`,
};

let made = 0;

function badFiles(folder: string, specifier: string, breaks: readonly string[]): BadFile[] {
  return Object.entries(FORMS).map(([form, write]) => ({
    path: `${folder}/bad-${form}-${made++}.ts`,
    source: write(specifier),
    breaks,
  }));
}

function specifierOf(folder: string, file: string): string {
  return posix
    .relative(folder, file)
    .replace(/\.ts$/, '.js')
    .replace(/^(?!\.)/, './');
}

/** The folder and all folders below it. */
function withFoldersBelow(folder: string): string[] {
  const below = readdirSync(`${ROOT}${folder}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => posix.join(posix.relative(ROOT, entry.parentPath), entry.name));
  return [folder, ...below];
}

/** Some file of each of the folders at or below `folder`. */
function filesOf(folder: string): string[] {
  return withFoldersBelow(folder).flatMap((one) =>
    readdirSync(`${ROOT}${one}`)
      .filter((name) => name.endsWith('.ts'))
      .slice(-1)
      .map((name) => `${one}/${name}`),
  );
}

/** From each folder on or below the one, into some file of each of the others. */
function upward({ rule, from, to }: Direction): BadFile[] {
  return withFoldersBelow(from).flatMap((folder) =>
    to.flatMap((target) => {
      const files = filesOf(target);
      const file = files[made % files.length];
      if (file === undefined) throw new RangeError(`${target}/ has no file`);
      return badFiles(folder, specifierOf(folder, file), [rule]);
    }),
  );
}

/** Two files that import each other's types; a cycle is reported once. */
function cycle(folder: string): BadFile[] {
  const source = (other: string) =>
    `import type * as all from './${other}.js';\nexport type All = typeof all;\n`;
  return [
    { path: `${folder}/bad-cycle-one.ts`, source: source('bad-cycle-two'), breaks: ['no-cycle'] },
    { path: `${folder}/bad-cycle-two.ts`, source: source('bad-cycle-one'), breaks: [] },
  ];
}

/** Folders beside the floors that source files must not import from; the copy has an empty file in each. */
export const OUTSIDE = ['test', 'bench', 'examples'];

/** What no direction of folders says. */
function others(): BadFile[] {
  const above = FLOORS.filter((floor) => floor !== 'protocol' && floor !== 'sys').flatMap(withFoldersBelow);
  const pure = withFoldersBelow('protocol');
  return [
    ...FLOORS.flatMap(cycle),
    ...foldersOf('protocol').flatMap((folder) =>
      badFiles('protocol', specifierOf('protocol', filesOf(folder)[0] ?? ''), ['protocol-base']),
    ),
    ...pure.flatMap((folder) =>
      ['node:fs', 'koffi'].flatMap((name) => badFiles(folder, name, ['protocol-is-pure'])),
    ),
    ...above.flatMap((folder) => badFiles(folder, 'koffi', ['system-calls-in-sys'])),
    ...FLOORS.flatMap((floor) =>
      OUTSIDE.flatMap((folder) => badFiles(floor, `../${folder}/any.js`, ['nothing-but-the-package'])),
    ),
    ...FLOORS.flatMap((floor) =>
      badFiles(floor, 'typescript', [
        'no-dev-dependency',
        ...(floor === 'protocol' ? ['protocol-is-pure'] : []),
      ]),
    ),
    ...FLOORS.flatMap((floor) => badFiles(floor, './no-such-file.js', ['resolvable'])),
  ];
}

/** Files for every rule: for each forbidden direction from each folder, in every form that an import has. */
export function makeBadFiles(): BadFile[] {
  return [...DIRECTIONS.flatMap(upward), ...others()];
}

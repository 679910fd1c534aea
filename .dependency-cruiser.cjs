/**
 * What may import what: `npm run lint` checks it, and test/docs/floors.test.ts proves that it does.
 *
 * The floors, the lowest first: a file imports from its own floor and from those below it.
 */
const FLOORS = ['protocol', 'sys', 'shm', 'lib', 'tools'];

/** Within a floor, the same for its folders. `index.ts` of a floor only exports what users get. */
const FOLDERS = {
  protocol: ['eal', 'drivers'],
  shm: ['layout', 'locks', 'attach', 'heap', 'primary'],
  lib: ['transport', 'messages', 'peers', 'requests', 'actions', 'hotplug', 'memory', 'testing'],
  tools: ['instances', 'doctor', 'conformance', 'cli'],
};

/** The folders of a floor that may not be imported from its own files, which they stand on. */
const ABOVE_THE_FLOOR = { protocol: ['eal', 'drivers'] };

const upward = (floor, i) => ({
  name: `${floor}-imports-down`,
  comment: `${floor}/ stands on ${FLOORS.slice(0, i).join('/, ') || 'nothing'}${i > 0 ? '/' : ''}: move what both need down.`,
  severity: 'error',
  from: { path: `^${floor}/` },
  to: { path: `^(${FLOORS.slice(i + 1).join('|')})/` },
});

const within = ([floor, folders]) =>
  folders.slice(0, -1).map((folder, i) => ({
    name: `${floor}-${folder}-imports-down`,
    comment: `${floor}/${folder}/ may not know ${folders.slice(i + 1).join('/, ')}/: those are built on it.`,
    severity: 'error',
    from: { path: `^${floor}/${folder}/` },
    to: { path: `^${floor}/(${folders.slice(i + 1).join('|')})/` },
  }));

const base = ([floor, folders]) => ({
  name: `${floor}-base`,
  comment: `The files of ${floor}/ itself are what its folders stand on; only index.ts exports from them.`,
  severity: 'error',
  from: { path: `^${floor}/[^/]+$`, pathNot: `^${floor}/index\\.ts$` },
  to: { path: `^${floor}/(${folders.join('|')})/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment:
        'Files that import each other, for types or not, are one idea: merge them, or move what both need.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...FLOORS.slice(0, -1).map(upward),
    ...Object.entries(FOLDERS).flatMap(within),
    ...Object.entries(ABOVE_THE_FLOOR).map(base),
    {
      name: 'protocol-is-pure',
      comment: 'protocol/ runs wherever JavaScript runs: no Node, no packages.',
      severity: 'error',
      from: { path: '^protocol/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
      },
    },
    {
      name: 'system-calls-in-sys',
      comment: 'koffi calls libc, which only sys/ does.',
      severity: 'error',
      from: { path: '^(shm|lib|tools)/' },
      to: { path: 'node_modules/koffi/' },
    },
    {
      name: 'nothing-but-the-package',
      comment: 'What is published needs neither tests nor development dependencies.',
      severity: 'error',
      from: { path: `^(${FLOORS.join('|')})/` },
      to: { path: '^(test|bench|examples)/' },
    },
    {
      name: 'no-dev-dependency',
      comment: 'What is published needs neither tests nor development dependencies.',
      severity: 'error',
      from: { path: `^(${FLOORS.join('|')})/` },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'There is no such file.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true, // imports of types, too
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};

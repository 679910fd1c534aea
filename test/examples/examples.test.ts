// Every example runs, prints the expected lines, and leaves no file behind.
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { linesOf, stage } from './stage.js';

/** The lines that each process prints, by their beginning. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'no-server.ts': { 'peers: ': ['0'] },
  'one-way.ts': {
    'server: ': ['link down', 'link up'],
    'client: ': ['start traffic on port 0'],
  },
  'pass-fd.ts': {
    'client: ': [
      "read '// Passing a file descriptor: the server opens a file, the client reads it without ever seeing its name.'",
    ],
  },
  'ping.ts': {
    'server: ': ["got 'ping'", "got 'ping again'"],
    'client: ': ["1 of 1 answered: 'pong'", "'pong' again"],
  },
  'several-clients.ts': {
    'client 1: ': ['welcome, client 1'],
    'client 2: ': ['welcome, client 2'],
    'client 3: ': ['welcome, client 3'],
    'server: ': ['3 of 3 answered: client 1, client 2, client 3'],
  },
  'struct-param.ts': {
    'server: ': ['asked for port 1, queue 7'],
    'client: ': ['1099511627776 packets, 70368744177664 bytes', 'load 0.75, link up'],
  },
  'timeout.ts': {
    'client: ': [
      'ETIMEDOUT, 0 of 1 answered',
      "ETIMEDOUT too soon for 'slow'",
      "'here at last'",
      'ECANCELED by its AbortSignal',
    ],
  },
};

/** Files that examples share, which are no examples themselves. */
const SHARED = ['play.ts'];

describe('examples', function () {
  this.timeout(120_000);
  const place = stage();

  for (const [file, parts] of Object.entries(EXPECTED)) {
    it(`${file} prints the expected lines`, async () => {
      const program = place.node(`examples/${file}`);
      const exit = await program.exited;
      expect(exit, program.describe()).to.deep.equal({ code: 0, signal: null });
      for (const [start, lines] of Object.entries(parts)) {
        expect(linesOf(program, start), program.describe()).to.deep.equal(lines);
      }
      expect(program.stderr).to.equal('');
      expect(place.entries()).to.deep.equal([]);
    });
  }

  it('no-server.ts prints an error that says what to do', async () => {
    const program = place.node('examples/no-server.ts');
    const line = await program.waitFor(/^ENOENT: /);
    expect(line.text).to.contain(`${place.runtimeDir}/nobody-uses-this/mp_socket`);
    expect(line.text).to.contain('No primary is running there: start it');
    await program.exited;
  });

  it('all have a test', () => {
    const files = readdirSync(new URL('../../examples/', import.meta.url)).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files.filter((name) => !SHARED.includes(name)).sort()).to.deep.equal(Object.keys(EXPECTED).sort());
  });
});

// Options of openPrimary and openSecondary that are refused.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../lib/index.js';
import { mpError } from '../support/mp-error.js';

describe('options', () => {
  const wrong: Readonly<Record<string, unknown>>[] = [
    { filePrefix: '' },
    { filePrefix: 'a/b' },
    { filePrefix: 7 },
    { runtimeDir: 'relative' },
    { runtimeDir: null },
    { dialect: '332' },
    { socketNamespace: 'network' },
    { unhandledRequests: 'drop' },
    { busyPollMicros: -1 },
    { busyPollMicros: Number.NaN },
    { busyPollMicros: '50' },
    { busyPollEventLoopMicros: -1 },
    { busyPollEventLoopMicros: 1_000_001 },
    ...[0, 0.5, 1.5, Number.NaN, Number.POSITIVE_INFINITY].map((maxPendingMessages) => ({
      maxPendingMessages,
    })),
    { signal: {} },
    { visibility: 'hidden' },
  ];
  for (const options of wrong) {
    const [[name = ''] = []] = Object.entries(options);
    it(`refuses ${name}: ${inspect(options[name])}, and makes nothing`, async () => {
      const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
      try {
        for (const open of [openPrimary, openSecondary]) {
          const error = await mpError(open({ runtimeDir, ...options } as object));
          expect(error.code).to.equal('EINVAL');
          expect(error.message).to.match(/give|use/i);
        }
        expect(readdirSync(runtimeDir)).to.deep.equal([]);
      } finally {
        rmSync(runtimeDir, { recursive: true });
      }
    });
  }

  it('refuses options of a secondary for a primary', async () => {
    expect((await mpError(openPrimary({ visibility: 'private' } as object))).code).to.equal('EINVAL');
    expect((await mpError(openPrimary({ memory: { writable: true } } as object))).code).to.equal('EINVAL');
  });

  it('rejects with ENOENT or ENAMETOOLONG when the runtime directory can not be made', async () => {
    const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
    try {
      const missing = await mpError(
        openSecondary({ runtimeDir: `${runtimeDir}/not/there`, filePrefix: 'x' }),
      );
      expect(missing).to.include({ code: 'ENOENT', syscall: 'mkdir' });
      mkdirSync(`${runtimeDir}/long`);
      const long = await mpError(openSecondary({ runtimeDir, filePrefix: 'x'.repeat(80) }));
      expect(long.code).to.equal('ENAMETOOLONG');
    } finally {
      rmSync(runtimeDir, { recursive: true });
    }
  });
});

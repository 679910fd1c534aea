// Short runs of `npm run test:faults`: processes that are killed at some of their system calls.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { type Grower, killGrowing } from './support/growth-kills.js';
import { transpile } from './support/transpiled.js';
import { callsOf, killPrimary, killSecondary, type Place } from './support/victims.js';

describe('faults: SIGKILL', () => {
  const SAMPLES = 6;
  let place: Place;
  let remove: () => void;

  before('make JavaScript', function () {
    this.timeout(120_000);
    const { root, remove: removeRoot } = transpile();
    const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
    place = { root, runtimeDir, filePrefix: 'kill' };
    remove = () => {
      removeRoot();
      rmSync(runtimeDir, { recursive: true });
    };
  });

  after(() => remove());

  for (const [role, kill] of [
    ['secondary', killSecondary],
    ['primary', killPrimary],
  ] as const) {
    it(`of a Node ${role} at ${SAMPLES} of its calls harms no other process`, async function () {
      this.timeout(120_000);
      const calls = callsOf(await kill(place, Number.MAX_SAFE_INTEGER));
      for (let i = 0; i < SAMPLES; i++) await kill(place, Math.floor((i * calls) / SAMPLES));
    });
  }

  describe('of a Node primary whose memory grows', () => {
    before(async function () {
      await needsDpdk(this, { hugepages: 8 * SAMPLES });
    });

    for (const grower of ['primary', 'secondary'] satisfies Grower[]) {
      it(`for the ${grower} harms no C secondary, at ${SAMPLES} of its calls`, async function () {
        this.timeout(120_000);
        const { root } = place;
        const calls = await killGrowing(root, grower, Number.MAX_SAFE_INTEGER);
        if (calls === undefined) throw new RangeError('It died though it should not.');
        // all at once: a secondary gives up after 5 s
        const steps = Array.from({ length: SAMPLES }, (_, i) =>
          Math.round((i * (calls - 1)) / (SAMPLES - 1)),
        );
        await Promise.all(steps.map((step) => killGrowing(root, grower, step)));
      });
    }
  });
});

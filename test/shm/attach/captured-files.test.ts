// Files written by live primaries of four releases.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { attachMemory } from '../../../shm/attach/attach.js';
import { expectError } from '../../support/mp-error.js';
import { buildImage } from '../support/image.js';
import { writeRuntime } from '../support/runtime.js';

const VECTORS = fileURLToPath(new URL('../../vectors/shm/', import.meta.url));
const OTHER_LISTS = [1, 2, 3].map((n) => `fbarray_memseg-2048k-0-${n}`);

interface Expected {
  readonly zones: Readonly<Record<string, { addr: string; len: number }>>;
  readonly pages: number;
}

const expected = JSON.parse(readFileSync(join(VECTORS, 'expected.json'), 'utf8')) as Record<string, Expected>;

describe('shm: captured files', () => {
  for (const [version, { zones, pages }] of Object.entries(expected)) {
    it(`M5: reads the files of ${version}`, () => {
      const unused = buildImage().get('fbarray_memseg-2048k-0-0') ?? Buffer.alloc(0);
      const image = new Map(OTHER_LISTS.map((name) => [name, unused]));
      for (const name of readdirSync(join(VECTORS, version))) {
        image.set(name.replace(/\.gz$/, ''), gunzipSync(readFileSync(join(VECTORS, version, name))));
      }
      const runtime = writeRuntime(image);
      try {
        const memory = attachMemory({ runtimeDir: runtime.runtimeDir, filePrefix: 'fake', stale: true });
        expect(memory.version).to.equal(version);
        const found = memory
          .memzones()
          .map(({ name, addr, len }) => [name, { addr: `0x${addr.toString(16)}`, len }]);
        expect(Object.fromEntries(found)).to.deep.equal(zones);
        expect(memory.memsegs().length).to.equal(pages);
        expect(memory.memsegs().every((page) => page.len === page.hugepageSize)).to.equal(true);
        // releases differ in the size of hugepage_info's entries; the page files themselves aren't there
        const error = expectError('ENOTSUP', () => memory.lookup('BIG')?.bytes);
        expect(error.path).to.match(/^\/mnt\/huge\/fakemap_\d+$/);
        memory.detach();
      } finally {
        runtime.remove();
      }
    });
  }
});

// The soak's measures must see everything that can leak.
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import koffi from 'koffi';
import { mapFile } from '../../shm/attach/shared-file.js';
import type { Mapping } from '../../sys/mapping.js';
import { type Measures, measure } from './support/measures.js';

const MIB = 2 ** 20;
/** 16 MiB in pieces of 1 KiB: much more than what earlier tests leave to be freed. */
const [PIECES, PIECE] = [16_384, 1024];
const [LEAST, MOST] = [14 * MIB, 24 * MIB];
const PAGE = 4096;
/** V8 may unmap some of its own mappings meanwhile. */
const [FILES, NOISE] = [200, 20];

/** Growth of each measure while `hold` holds something; `hold` returns a function that releases it. */
async function growthBy(hold: () => () => void): Promise<(key: keyof Measures) => number> {
  const before = await measure();
  const release = hold();
  const during = await measure();
  release();
  return (key) => during[key] - before[key];
}

/** Holds pieces until the returned function is called, so that no optimization frees them. */
function pieces<T>(make: () => T, free: (piece: T) => void = () => {}): () => void {
  const held = Array.from({ length: PIECES }, make);
  return () => {
    for (const piece of held.splice(0)) free(piece);
  };
}

describe('the measures of the soak', () => {
  it('see objects', async () => {
    const growth = await growthBy(() => pieces(() => new Array(PIECE / 8).fill(0)));
    expect(growth('heapBytes')).to.be.within(LEAST, MOST);
  });

  it('see array buffers, which malloc holds', async () => {
    const growth = await growthBy(() => pieces(() => new ArrayBuffer(PIECE)));
    expect(growth('bufferBytes')).to.be.within(LEAST, MOST);
    if (await tellsMalloc()) expect(growth('mallocBytes')).to.be.within(LEAST, MOST);
  });

  it('see memory of C', async function () {
    if (!(await tellsMalloc())) this.skip();
    const growth = await growthBy(() => pieces(() => koffi.alloc('char', PIECE), koffi.free));
    expect(growth('mallocBytes')).to.be.within(LEAST, MOST);
  });

  it('see mapped files, mappings and descriptors', async () => {
    const path = join(tmpdir(), `soak-${process.pid}`);
    writeFileSync(path, Buffer.alloc(PAGE));
    const fds: number[] = [];
    try {
      const growth = await growthBy(() => {
        fds.push(openSync(path, 'r+'), openSync(path, 'r'));
        const files = Array.from({ length: FILES }, () => mapFile(fds[0] ?? -1, PAGE, path));
        return () => {
          for (const file of files) file.close();
        };
      });
      expect([growth('sharedMappings'), growth('descriptors')]).to.deep.equal([FILES, 2]);
      expect(growth('mappings')).to.be.at.least(FILES - NOISE);
    } finally {
      for (const fd of fds) closeSync(fd);
      rmSync(path);
    }
  });

  it('see resident pages that malloc does not hold', async () => {
    const path = join(tmpdir(), `soak-${process.pid}`);
    writeFileSync(path, Buffer.alloc(16 * MIB));
    const fd = openSync(path, 'r+');
    try {
      const growth = await growthBy(() => {
        const file = mapFile(fd, 16 * MIB, path);
        touch(file);
        return () => file.close();
      });
      expect(growth('residentBytes')).to.be.above(8 * MIB);
      expect(growth('mallocBytes')).to.be.below(2 * MIB);
    } finally {
      closeSync(fd);
      rmSync(path);
    }
  });
});

/** Whether libc tells what malloc holds: glibc since 2.33. */
async function tellsMalloc(): Promise<boolean> {
  return (await measure()).mallocBytes > 0;
}

function touch(mapping: Mapping): void {
  const bytes = new Uint8Array(mapping.view(0, mapping.length));
  for (let at = 0; at < bytes.length; at += PAGE) bytes[at] = 1;
}

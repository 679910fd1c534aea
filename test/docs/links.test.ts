// The files, anchors and scripts that documents refer to exist.
import { existsSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { expect } from 'chai';
import { anchorsOf, DOCUMENTS, read } from './documents.js';

const ROOT = new URL('../../', import.meta.url);

describe('documents', () => {
  for (const document of DOCUMENTS) {
    it(`${document} links only to files and anchors that exist`, () => {
      for (const [, link = ''] of read(document).matchAll(/\]\(([^):]+)\)/g)) {
        const [target = '', anchor] = link.split('#');
        const path = target === '' ? document : posix.join(posix.dirname(document), target);
        expect(existsSync(new URL(path, ROOT)), link).to.equal(true);
        if (anchor !== undefined) expect(anchorsOf(path), link).to.include(anchor);
      }
    });

    it(`${document} names scripts that exist`, () => {
      const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
      for (const [, script = ''] of read(document).matchAll(/npm run ([a-z:-]+)/g)) {
        expect(scripts).to.have.property(script);
      }
    });
  }
});

/** Errnos of system calls that users never get as codes. */
const NOT_THROWN = ['EPIPE', 'EROFS', 'ESRCH', 'EWOULDBLOCK'];

describe('docs/troubleshooting.md', () => {
  it('has every code that the package throws or that doc comments name', () => {
    const sources = ['protocol', 'sys', 'shm', 'lib', 'tools'].flatMap((folder) =>
      readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.startsWith('conformance/'))
        .map((name) => read(`${folder}/${name}`)),
    );
    const named = sources.flatMap((text) => [...text.matchAll(/['`](E[A-Z0-9]{3,})['`]|\b(E[A-Z]{3,}): '/g)]);
    const codes = new Set(named.map(([, quoted, key]) => quoted ?? key ?? ''));
    for (const code of NOT_THROWN) codes.delete(code);
    expect(codes.size).to.be.greaterThan(30);
    const rows = read('docs/troubleshooting.md')
      .match(/^\| `.*?` \|/gm)
      ?.join();
    for (const code of codes) expect(rows).to.contain(`\`${code}\``);
  });
});

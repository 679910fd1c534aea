// The file of one page, and pages that can't be made.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { createPage, removePage } from '../../../shm/primary/page-file.js';
import { Mapping } from '../../../sys/mapping.js';
import { expectError } from '../../support/mp-error.js';

const PAGE = 4096;
/** No machine that runs the tests has so many. */
const NO_SUCH_NODE = 62;

describe('primary: the file of a page', () => {
  let folder: string;
  let mapping: Mapping;

  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/page-`);
    const reserved = Mapping.reserve(PAGE, PAGE);
    if (typeof reserved === 'number') throw new Error(`mmap: ${reserved}`);
    mapping = reserved;
  });

  afterEach(() => {
    mapping.close();
    rmSync(folder, { recursive: true });
  });

  it('is zero, also over an older file of its name, and is removed', () => {
    const file = { path: `${folder}/page`, pageSize: PAGE, node: undefined };
    createPage(mapping, 0, file);
    const bytes = new Uint8Array(mapping.view(0, PAGE));
    bytes.fill(7);
    createPage(mapping, 0, file);
    expect(bytes.every((byte) => byte === 0)).to.equal(true);
    removePage(mapping, 0, file);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('is removed when its page can not be had', () => {
    const file = { path: `${folder}/page`, pageSize: PAGE, node: NO_SUCH_NODE };
    expectError('EINVAL', () => createPage(mapping, 0, file));
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});

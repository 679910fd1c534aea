// How long memory stays mapped, and what happens to views.
import { readdirSync, readFileSync, readlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attachMemory } from '../../../shm/attach/attach.js';
import type { SharedMemory } from '../../../shm/attach/shared-memory.js';
import { Mapping } from '../../../sys/mapping.js';
import { collectUntil } from '../../support/gc.js';
import { expectError, rejected } from '../../support/mp-error.js';
import { LIST_BASE, PAGE_SIZE } from '../support/image.js';
import { type FakeRuntime, makeRuntime, pretendAlive } from '../support/runtime.js';

const ZONES = [
  { name: 'ONE', addr: LIST_BASE + 64, len: 4096 },
  { name: 'TWO', addr: LIST_BASE + 2 * PAGE_SIZE - 64, len: 128 },
];

describe('shm: lifetimes', () => {
  let runtime: FakeRuntime;
  let memory: SharedMemory;
  let die: () => void;

  beforeEach(() => {
    runtime = makeRuntime({ zones: ZONES, pages: [0, 1, 2] });
    die = pretendAlive(runtime);
    memory = attachMemory({ ...runtime, writable: true });
  });

  afterEach(() => {
    memory.detach();
    die();
    runtime.remove();
  });

  /** The mappings of this runtime's files in this process. */
  function mapped(): string[] {
    const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
    return lines.filter((line) => line.includes(runtime.runtimeDir));
  }

  function openFiles(): string[] {
    const links = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ''; // the descriptor of the listing itself
      }
    });
    return links.filter((path) => path.startsWith(runtime.runtimeDir) && !path.endsWith('/config'));
  }

  it('maps only the page with the locks until a zone is used', () => {
    expect(memory.memzones().length).to.equal(2);
    expect(mapped().filter((line) => line.includes('map_'))).to.deep.equal([]);
    expect(mapped().filter((line) => line.includes('config')).length).to.equal(1);
  });

  it('gives the same array at each access, and shares one mapping among the zones of a page', () => {
    const zone = memory.lookup('ONE');
    expect(zone?.bytes).to.equal(zone?.bytes);
    memory.lookup('ONE')?.bytes.fill(9);
    expect(zone?.bytes[4095]).to.equal(9);
    expect(mapped().filter((line) => line.includes('map_')).length).to.equal(1);
  });

  it('M30: makes nothing accessible, mapped or open after detach', async () => {
    const zone = memory.lookup('TWO');
    expect(zone?.bytes.length).to.equal(128);
    memory.memsegs();
    memory.detach();
    memory.detach();
    for (const access of [
      () => zone?.bytes,
      () => zone?.buffer,
      () => zone?.share(),
      () => memory.lookup('ONE'),
      () => memory.memzones(),
      () => memory.memsegs(),
      () => memory.view(LIST_BASE, 8),
      () => memory.snapshot(LIST_BASE, 8),
    ]) {
      expectError('EBADF', access);
    }
    await rejected('EBADF', memory.lookupAsync('ONE'));
    expect(zone?.valid).to.equal(false);
    expect(openFiles()).to.deep.equal([]);
    await collectUntil(() => mapped().length === 0);
    expect(mapped()).to.deep.equal([]);
    expect(memory.pinnedBytes).to.equal(0);
  });

  it('M30: counts a view that is kept in pinnedBytes, and unmaps it when it is collected', async () => {
    let kept: Uint8Array | undefined = memory.lookup('TWO')?.bytes.subarray(60, 70);
    memory.detach();
    expect(memory.pinnedBytes).to.equal(2 * PAGE_SIZE);
    await collectUntil(() => false);
    expect(mapped().length).to.be.greaterThan(0);
    kept?.fill(3);
    expect(kept?.[9]).to.equal(3);
    kept = undefined;
    await collectUntil(() => memory.pinnedBytes === 0);
    expect(mapped()).to.deep.equal([]);
    expect(memory.pinnedBytes).to.equal(0);
  });

  it('unmaps views that are collected while attached', async () => {
    expect(memory.view(LIST_BASE, 100).length).to.equal(100);
    await collectUntil(() => mapped().every((line) => !line.includes('map_')));
    expect(mapped().filter((line) => line.includes('map_'))).to.deep.equal([]);
    expect(memory.view(LIST_BASE, 100).length).to.equal(100);
  });

  it('copies without leaving anything mapped', () => {
    const zone = memory.lookup('TWO');
    if (zone === undefined) throw new Error('TWO is there');
    expect(memory.snapshot(zone, { offset: 1, length: 127 }).length).to.equal(127);
    expect(mapped().filter((line) => line.includes('map_'))).to.deep.equal([]);
    for (const range of [
      { offset: -1 },
      { offset: 129 },
      { offset: 1, length: 128 },
      { length: 0 },
      { offset: 0.5 },
    ]) {
      expectError('ERANGE', () => memory.snapshot(zone, range));
    }
  });

  it('throws EFAULT for a copy of a page file that was cut off, where reading a view ends with SIGBUS', () => {
    const zone = memory.lookup('ONE');
    if (zone === undefined) throw new Error('ONE is there');
    expect(zone.bytes.length).to.equal(4096);
    truncateSync(join(runtime.hugeDir, 'fakemap_0'), 0);
    expectError('EFAULT', () => memory.snapshot(zone));
  });

  it('leaves nothing mapped when one of several pages can not be mapped', () => {
    truncateSync(join(runtime.hugeDir, 'fakemap_1'), 0);
    expectError('ELAYOUT', () => memory.lookup('TWO')?.bytes);
    expect(mapped().filter((line) => line.includes('map_'))).to.deep.equal([]);
  });

  it('maps read-only by default', () => {
    const reader = attachMemory(runtime);
    try {
      const zone = reader.lookup('ONE');
      expect(zone?.bytes[0]).to.equal(0);
      expect(
        mapped()
          .filter((line) => line.includes('map_0'))
          .map((line) => line.split(' ')[1]),
      ).to.deep.equal(['r--s']);
      memory.lookup('ONE')?.bytes.fill(8);
      expect(zone?.bytes[0]).to.equal(8);
    } finally {
      reader.detach();
    }
  });

  it('aligns a mapping, and closes it once', () => {
    const mapping = Mapping.reserve(PAGE_SIZE, PAGE_SIZE);
    if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`);
    expect(mapping.address % PAGE_SIZE).to.equal(0);
    mapping.close();
    mapping.close();
    expect(mapping.views).to.equal(0);
  });

  it('detaches on dispose', () => {
    memory[Symbol.dispose]();
    expectError('EBADF', () => memory.memzones());
  });
});

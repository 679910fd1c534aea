// How primaries with memory close: with files gone, in the middle of a growth, from a listener.
import { closeSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { expect } from 'chai';
import { type MpChannel, openPrimary } from '../../../lib/index.js';
import { encodeMessage, MpType } from '../../../protocol/index.js';
import { LAYOUTS } from '../../../shm/layout/releases.js';
import type { PrimaryMemoryOptions } from '../../../shm/primary/options.js';
import { interposed } from '../../faults/support/fault-plan.js';
import { growthRequest, MIB } from '../../shm/primary/support/stage.js';
import { liveLock } from '../../shm/support/live-memory.js';
import { openDescriptors } from '../../support/descriptors.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { expectError, rejected } from '../../support/mp-error.js';
import { StageScope } from '../../support/stage.js';

const VERSION_WORD = 0x180b0063;
const WRITER = 2;

describe('closing a primary with memory', () => {
  const scope = new StageScope();

  function open(memory: Partial<PrimaryMemoryOptions> = {}): Promise<MpChannel> {
    const all = { hugepages: 0, version: '24.11.0', ...memory };
    return scope.keep(openPrimary({ ...scope.stage.options, memory: all }));
  }

  /** Writes the lock's word as a C process that takes or drops it would. */
  function setHotplugLock(word: number): void {
    const layout = LAYOUTS.findLast(({ firstWord }) => firstWord <= VERSION_WORD);
    const fd = openSync(`${scope.stage.directory}/config`, 'r+');
    writeSync(fd, new Int32Array([word]), 0, 4, layout?.offsets.memoryHotplugLock);
    closeSync(fd);
  }

  // a secondary that ends may remove them at the same moment
  it('goes on when files of its arrays are gone', async () => {
    const channel = await open();
    await interposed(
      (name) => (name === 'openSync' ? 'ENOENT' : undefined),
      () => channel.close(),
    );
    expect(readdirSync(scope.stage.directory)).not.to.include('mp_socket');
    await open();
  });

  it('waits for a growth that is under way when a listener closes the channel', async () => {
    const channel = await open();
    const { memory } = channel;
    channel.once('warning', () => {
      void channel.close();
      setHotplugLock(0);
    });
    setHotplugLock(WRITER);
    scope.stage.socket().send(Buffer.from('garbage'), [], scope.stage.primaryPath);
    expect(memory.reserve('LARGE', 9 * MIB).len).to.equal(9 * MIB);
    await channel.close();
    expectError('EBADF', () => memory.memzones());
    expect(readdirSync(scope.stage.directory)).to.have.members(['config', 'hugepage_info']);
  });

  it('makes a second close() wait for the first one', async () => {
    const channel = await open({ worker: true });
    void channel.close();
    await channel.close();
    await open();
  });

  it('makes later calls fail with EBADF or ECANCELED', async () => {
    const channel = await open();
    const { memory } = channel;
    await channel.close();
    expectError('EBADF', () => memory.reserve('LATE', 64));
    await rejected('ECANCELED', channel.sendMessage({ name: 'late' }));
  });

  for (const worker of [false, true]) {
    it(`works after the runtime directory was removed, ${worker ? 'with' : 'without'} a worker`, async () => {
      const { stage } = scope;
      const before = openDescriptors();
      const memory = { hugepages: 0, version: '24.11.0', worker };
      const primary = await openPrimary({ ...stage.options, memory });
      rmSync(stage.directory, { recursive: true });
      await primary.close();
      expect(openDescriptors()).to.deep.equal(before);
    });
  }

  for (const worker of [false, true]) {
    it(`closes the socket when the directory can't be listed, ${worker ? 'with' : 'without'} a worker`, async () => {
      const before = openDescriptors();
      const memory = { hugepages: 0, version: '24.11.0', worker };
      const primary = await openPrimary({ ...scope.stage.options, memory });
      await interposed(
        (name) => (name === 'readdirSync' ? 'EIO' : undefined),
        async () => {
          const failed = await primary.close().then(
            () => undefined,
            (error: NodeJS.ErrnoException) => error.code,
          );
          expect(failed).to.equal('EIO');
        },
      );
      expect(openDescriptors()).to.deep.equal(before);
    });
  }
});

describe("closing a primary in a listener of 'warning'", () => {
  const scope = new StageScope();
  before('hugepages', async function () {
    await needsDpdk(this, { hugepages: 8 });
  });

  // the warning about a secondary of another build comes in the middle of that secondary's request for memory
  it('maps no page for the request that caused the warning', async () => {
    const { stage } = scope;
    const memory = { hugepages: 1, version: '24.11.0' };
    const primary = await scope.keep(openPrimary({ ...stage.options, memory }));
    const { hugepageSize } = primary.memory.reserve('ANY', 64);
    const undo: (() => unknown)[] = [];
    liveLock({ defer: (step) => undo.push(step) }, stage.directory, 'memoryHotplugLock').lock.tryWrite();
    truncateSync(`${stage.directory}/hugepage_info`, 12_900); // as a secondary for fewer NUMA nodes does
    let isClosed = false;
    const steps: string[] = [];
    await interposed(
      (name) => {
        if (isClosed) steps.push(name);
        return undefined;
      },
      async () => {
        const closed = new Promise<void>((resolve) => {
          primary.once('warning', () => {
            void primary.close().then(resolve);
            isClosed = true;
          });
        });
        const param = growthRequest(hugepageSize, 9 * MIB);
        const request = encodeMessage(primary.dialect, MpType.MSG, { name: 'mp_malloc_request', param });
        stage.socket('secondary').send(request, [], stage.primaryPath);
        await closed;
      },
    );
    for (const step of undo) step();
    expect(steps).not.to.include('mmap');
  });
});

// Ends of primaries with memory: a file that a secondary removed at the same moment broke them off, a listener could close
// the channel in the middle of a growth (SIGSEGV), and who closed twice did not wait for the end.
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { expect } from 'chai';
import { type MpChannel, openPrimary } from '../../lib/index.js';
import { LAYOUTS } from '../../shm/layout/releases.js';
import type { PrimaryMemoryOptions } from '../../shm/primary/options.js';
import { interposed } from '../faults/support/fault-plan.js';
import { MIB } from '../shm/primary/support/stage.js';
import { expectError, rejected } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

const VERSION_WORD = 0x180b0063;
const WRITER = 2;

describe('regression: ends and misuse of a primary with memory', () => {
  const scope = new StageScope();

  function open(memory: Partial<PrimaryMemoryOptions> = {}): Promise<MpChannel> {
    const all = { hugepages: 0, version: '24.11.0', ...memory };
    return scope.keep(openPrimary({ ...scope.stage.options, memory: all }));
  }

  /** Takes or drops it as a C process would. */
  function setHotplugLock(word: number): void {
    const layout = LAYOUTS.findLast(({ firstWord }) => firstWord <= VERSION_WORD);
    const fd = openSync(`${scope.stage.directory}/config`, 'r+');
    writeSync(fd, new Int32Array([word]), 0, 4, layout?.offsets.memoryHotplugLock);
    closeSync(fd);
  }

  it('does without arrays that are gone by then', async () => {
    const channel = await open();
    await interposed(
      (name) => (name === 'openSync' ? 'ENOENT' : undefined),
      () => channel.close(),
    );
    expect(readdirSync(scope.stage.directory)).not.to.include('mp_socket');
    await open();
  });

  it('lets a growth be finished before a listener closes the channel', async () => {
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

  it('has everybody who closes wait for the end', async () => {
    const channel = await open({ worker: true });
    void channel.close();
    await channel.close();
    await open();
  });

  it('tells who reserves when the channel is closed', async () => {
    const channel = await open();
    const { memory } = channel;
    await channel.close();
    expectError('EBADF', () => memory.reserve('LATE', 64));
    await rejected('ECANCELED', channel.sendMessage({ name: 'late' }));
  });

  it('says what is no zone, no name and no options', async () => {
    const { memory } = await open();
    expectError('EINVAL', () => memory.free('X' as never));
    expectError('EINVAL', () => memory.free(undefined as never));
    expectError('EINVAL', () => memory.reserve(5 as never, 64));
    expectError('EINVAL', () => memory.reserve('X', 64, null as never));
    expectError('EINVAL', () => memory.reserve('X', 0, { bound: '4096' as never }));
    expect(memory.memzones()).to.deep.equal([]);
  });
});

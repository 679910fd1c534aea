// Messages that come for the user's actions while a primary waits for the lock to change its memory.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { encodeMessage, MpType } from '../../../protocol/index.js';
import { MIB } from '../../shm/primary/support/stage.js';
import { liveLock } from '../../shm/support/live-memory.js';
import { StageScope } from '../../support/stage.js';

const MANY = 700;
const WRITER = 2;

describe('messages that come while a primary waits for a lock', () => {
  const scope = new StageScope();

  it('are all handled once it has the lock, also more than one turn reads', async () => {
    const { stage } = scope;
    const primary = await scope.keep(
      openPrimary({ ...stage.options, memory: { hugepages: 0, version: '24.11.0' } }),
    );
    let handled = 0;
    const all = new Promise<void>((resolve) => {
      primary.registerAction('note', () => {
        if (++handled === MANY) resolve();
      });
    });
    const undo: (() => unknown)[] = [];
    const lock = liveLock({ defer: (step) => undo.push(step) }, stage.directory, 'memoryHotplugLock');
    const sender = stage.socket('sender');
    const note = encodeMessage(primary.dialect, MpType.MSG, { name: 'note' });
    let sent = 0;
    const sendNext = () => {
      if (sent++ < MANY) sender.send(note, [], stage.primaryPath);
      else lock.set(0);
    };
    lock.set(WRITER);
    subscribe('dpdk-ipc:receive', sendNext);
    sendNext();
    primary.memory.reserve('LARGE', 9 * MIB);
    unsubscribe('dpdk-ipc:receive', sendNext);
    for (const step of undo) step();
    expect(handled).to.equal(0);
    await all;
  });
});

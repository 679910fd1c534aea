// While a primary waits to change its memory, what comes for the user's actions is put off. Of more than 256 messages the rest was
// handled only when something else came in, if ever.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { MIB } from '../shm/primary/support/stage.js';
import { liveLock } from '../shm/support/live-lock.js';
import { StageScope } from '../support/stage.js';

const MANY = 700;
const WRITER = 2;

describe('regression: messages that are put off', () => {
  const scope = new StageScope();

  it('are all handled, however many', async () => {
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

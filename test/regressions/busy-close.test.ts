// While a channel that was being closed waited for its memory thread, up to 10 s with a mute secondary, whatever came for the user's
// actions kept the event loop busy: nobody took it, and nobody stopped looking.
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { decodeMessage, encodeMessage, MpType } from '../../protocol/index.js';
import { growthRequest } from '../shm/primary/support/growth-request.js';
import { MIB } from '../shm/primary/support/stage.js';
import { liveLock } from '../shm/support/live-lock.js';
import { nextDatagram, StageScope } from '../support/stage.js';

/** The loop turns for the timer and a few events; it was thousands of times. */
const MANY_TURNS = 500;

describe('regression: a primary that waits for its memory thread', () => {
  const scope = new StageScope();

  it('sleeps meanwhile', async () => {
    const { stage } = scope;
    const memory = { hugepages: 0, version: '24.11.0', worker: true };
    const primary = await scope.keep(openPrimary({ ...stage.options, memory }));
    const { dialect } = primary;
    const { hugepageSize } = primary.memory.reserve('ANY', 64);
    const undo: (() => unknown)[] = [];
    liveLock({ defer: (step) => undo.push(step) }, stage.directory, 'memoryHotplugLock').lock.tryWrite();
    const secondary = stage.socket('mp_socket_1_a');
    const send = (type: MpType, name: string, param: Uint8Array, to = stage.primaryPath) =>
      secondary.send(encodeMessage(dialect, type, { name, param }), [], to);
    const request = growthRequest(hugepageSize, 9 * MIB);
    send(MpType.MSG, 'mp_malloc_request', request);
    const { bytes, sender } = await nextDatagram(secondary);
    const { name, param } = decodeMessage(dialect, bytes);
    const closing = primary.close();
    send(MpType.MSG, 'for the user', new Uint8Array(0));
    const before = turns();
    await delay(100);
    const after = turns();
    send(MpType.REP, name, param, sender);
    await closing;
    for (const step of undo) step();
    expect(after - before).to.be.below(MANY_TURNS);
  });
});

function turns(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}

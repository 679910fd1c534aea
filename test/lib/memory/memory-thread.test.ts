// Primaries whose memory is served by a thread of its own: starting, closing.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { decodeMessage, encodeMessage, MpType } from '../../../protocol/index.js';
import { growthRequest, MIB } from '../../shm/primary/support/stage.js';
import { liveLock } from '../../shm/support/live-memory.js';
import { REGISTER } from '../../support/register.js';
import { nextDatagram, StageScope } from '../../support/stage.js';

/** A busy loop turns thousands of times in 100 ms; the timer and a few events take a few turns. */
const MANY_TURNS = 500;
const LIBRARY = new URL('../../../lib/index.ts', import.meta.url).href;

describe('a primary with a memory thread', () => {
  const scope = new StageScope();

  it('starts in a program given with --eval, and keeps the process alive while an unreferenced channel closes', () => {
    const memory = { hugepages: 0, version: '24.11.0', worker: true };
    const program = `
      import { openPrimary } from '${LIBRARY}';
      const channel = await openPrimary(${JSON.stringify({ ...scope.stage.options, memory })});
      channel.unref();
      await channel.close();
      console.log('closed');`;
    const args = ['--import', REGISTER, '--input-type=module', '--eval', program];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: 'closed\n' });
    expect(readdirSync(scope.stage.directory)).to.have.members(['config', 'hugepage_info']);
  });

  // a message for the user's actions is not taken any more, and must not wake the event loop again and again
  it('leaves the event loop idle while close() waits for the thread', async () => {
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

// A secondary whose runtime directory is spelled otherwise than its primary's (/run, /var/run) did not look who the primary is by
// now before it answered: another release's, which had not asked, got a datagram of the wrong length, which ends C's IPC thread.
import { symlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { openSecondary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { StageScope } from '../support/stage.js';

const [DPDK_24_11, DPDK_25_11] = [0x180b0863, 0x190b0463];

describe('regression: a runtime directory of two spellings', () => {
  const scope = new StageScope();

  it('does not have an answer sent to whoever came after the primary that asked', async () => {
    const { stage } = scope;
    const otherwise = `${stage.runtimeDir}/otherwise`;
    symlinkSync(stage.runtimeDir, otherwise);
    stage.writeConfig(DPDK_24_11);
    const first = stage.socket('mp_socket');
    const secondary = await scope.keep(openSecondary({ ...stage.options, runtimeDir: otherwise }));
    let answer = () => {};
    const isAsked = new Promise<void>((resolve) => {
      secondary.registerAction('slow', () => {
        resolve();
        return new Promise((settle) => {
          answer = () => settle({ param: 'late' });
        });
      });
    });
    const { socketPath = '' } = secondary;
    first.send(encodeMessage('332/253', MpType.REQ, { name: 'slow' }), [], socketPath);
    await isAsked;
    const second = stage.replacePrimary(first);
    stage.writeConfig(DPDK_25_11);
    answer();
    await turn();
    expect(second.receive()).to.equal(undefined);
    expect(secondary.stats.dropped['unsent-reply']).to.equal(1);
  });
});

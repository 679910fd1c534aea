// Replies to a primary that another one has replaced. One of another release would get a datagram of the wrong length, which ends the
// IPC thread of a C process.
import { symlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { openSecondary } from '../../../lib/index.js';
import { encodeMessage, MpType } from '../../../protocol/index.js';
import { StageScope } from '../../support/stage.js';

const [DPDK_24_11, DPDK_25_11] = [0x180b0863, 0x190b0463];

describe('a reply to a primary that was replaced', () => {
  const scope = new StageScope();

  it('is not sent to its successor, also when both spell the runtime directory differently', async () => {
    const { stage } = scope;
    const otherSpelling = `${stage.runtimeDir}/otherwise`;
    symlinkSync(stage.runtimeDir, otherSpelling);
    stage.writeConfig(DPDK_24_11);
    const first = stage.socket('mp_socket');
    const secondary = await scope.keep(openSecondary({ ...stage.options, runtimeDir: otherSpelling }));
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

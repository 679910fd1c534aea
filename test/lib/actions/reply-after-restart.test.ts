// Replies to a primary that another one has replaced. One of another release would get a datagram of the wrong length, which ends the
// IPC thread of a C process.
import { symlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { openSecondary } from '../../../lib/index.js';
import { encodeMessage, MpType } from '../../../protocol/index.js';
import { StageScope } from '../../support/stage.js';

const [V24_11, V25_11] = [0x180b0863, 0x190b0463];

describe('a reply to a primary that was replaced', () => {
  const scope = new StageScope();

  it('is not sent to its successor when primary and secondary spell the runtime directory differently', async () => {
    const { stage } = scope;
    const otherSpelling = `${stage.runtimeDir}/otherwise`;
    symlinkSync(stage.runtimeDir, otherSpelling);
    stage.writeConfig(V24_11);
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
    stage.writeConfig(V25_11);
    answer();
    await turn();
    expect(second.receive()).to.equal(undefined);
    expect(secondary.stats.dropped['unsent-reply']).to.equal(1);
  });

  it('is not sent to its successor', async () => {
    const { stage, keep } = scope;
    let raw = stage.socket('mp_socket');
    const secondary = await keep(openSecondary(stage.options));
    let answer: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      secondary.registerAction('ask', () => {
        resolve();
        return new Promise((settle) => {
          answer = () => settle({ param: 'late' });
        });
      });
    });
    raw.send(encodeMessage('332/8', MpType.REQ, { name: 'ask' }), [], secondary.socketPath);
    await asked;
    raw = stage.replacePrimary(raw);
    stage.writeConfig(V25_11);
    answer?.();
    while (secondary.stats.dropped['unsent-reply'] === 0) await new Promise(setImmediate);
    expect(raw.receive()).to.equal(undefined);
  });
});

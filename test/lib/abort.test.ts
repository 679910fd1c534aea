// The option `signal` of requests and messages.
import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../lib/index.js';
import { rejected } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

describe('the signal of a call', () => {
  const scope = new StageScope();

  for (const given of [null, {}, 'signal']) {
    it(`is refused with EINVAL before anything is sent: ${JSON.stringify(given)}`, async () => {
      const primary = scope.stage.socket('mp_socket');
      const channel = await scope.keep(openSecondary(scope.stage.options));
      const signal = given as never;
      await rejected('EINVAL', channel.request({ name: 'ask' }, { signal, timeoutMs: 50 }));
      await rejected('EINVAL', channel.sendMessage({ name: 'tell' }, { signal }));
      expect(primary.receive()).to.equal(undefined);
    });
  }

  it('has no listener left afterwards, and may be that of many calls without a warning', async () => {
    const primary = await scope.keep(openPrimary(scope.stage.options));
    primary.registerAction('echo', () => ({}));
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const secondary = await openSecondary({ ...scope.stage.options, signal });
    await Promise.all(Array.from({ length: 20 }, () => secondary.request({ name: 'echo' }, { signal })));
    await Promise.all(Array.from({ length: 20 }, () => secondary.sendMessage({ name: 'echo' }, { signal })));
    await secondary.close();
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
    expect(warnings).to.deep.equal([]);
  });
});

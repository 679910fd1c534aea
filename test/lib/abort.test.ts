// The option `signal` of requests and messages.
import { expect } from 'chai';
import { openSecondary } from '../../lib/index.js';
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
});

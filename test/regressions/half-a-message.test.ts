// With a `maxPendingMessages` that is no whole number the channel never stopped listening: while handlers were behind, it kept the
// processor busy.
import { openPrimary } from '../../lib/index.js';
import { rejected } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

describe('regression: a number of messages', () => {
  const scope = new StageScope();

  for (const maxPendingMessages of [1.5, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`is not ${maxPendingMessages}`, async () => {
      await rejected('EINVAL', scope.keep(openPrimary({ ...scope.stage.options, maxPendingMessages })));
    });
  }
});

import type { Measure } from '../harness/result.js';
import { FD_COUNTS, PARAM_SIZES, type Row, variantOf } from '../harness/stage.js';
import { atMost, takeTurns } from '../harness/turns.js';

const NODE = 'Node secondary answers';
const C = 'C secondary answers';

export const answering: Row = {
  number: 3,
  title: 'Answering',
  method:
    'The C primary asks with rte_mp_request_sync and measures the time; it sees one secondary at a time. ' +
    "Node's handler returns the param and the descriptors that it got.",

  async measure(stage) {
    await using answerers = await stage.openAnswerers();
    const measures: Measure[] = [];
    for (const fds of FD_COUNTS) {
      for (const size of PARAM_SIZES) {
        const variant = variantOf(size, fds);
        const ask = stage.primary.contender(NODE, 'sync', `${size} ${fds}`);
        const contenders = [
          { ...ask, ...answerers.node },
          { ...ask, ...answerers.c, name: C },
        ];
        measures.push(...(await takeTurns(contenders, { what: 'answering', variant, sizes: stage.sizes })));
      }
    }
    return {
      measures,
      verdicts: [atMost(1.3, 'answering', measures, [variantOf(16, 0), NODE, C])],
    };
  },
};

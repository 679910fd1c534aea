import { type MpChannel, openPrimary } from '../../lib/index.js';
import { cleanPrefix, runtimeDir, uniquePrefix } from '../../test/support/dpdk/prefix.js';
import { Crowd } from '../harness/c-program.js';
import type { Growth, Measure } from '../harness/result.js';
import type { Row, Stage } from '../harness/stage.js';
import { type Contender, onMainCpu, p50, takeTurns, timeAsync, timeSync } from '../harness/turns.js';

const NAMES = ['requestSync', 'C rte_mp_request_sync', 'request', 'C rte_mp_request_async'] as const;
/** The samples are answers: a broadcast to 64 gives 64 of them. This is the least count of broadcasts. */
const LEAST_BROADCASTS = 300;

export const broadcast: Row = {
  number: 5,
  title: 'Broadcast',
  method:
    'A request to 1 … 64 secondaries until all have answered; requestSync asks one after the other, request all at once, ' +
    'as in C. The secondaries are threads of a C program without EAL, one socket each, so that a Node primary and a C ' +
    'primary ask the same ones; at least 300 broadcasts, otherwise as many answers as other rows have samples.',

  async measure(stage) {
    const filePrefix = uniquePrefix('bench-node');
    try {
      await using answerers = await stage.openAnswerers(); // hides the C secondary
      void answerers;
      await using primary = await openPrimary({ filePrefix });
      await using ours = await Crowd.start(stage.install, runtimeDir(filePrefix));
      await using theirs = await Crowd.start(stage.install, stage.runtimeDir);
      const measures: Measure[] = [];
      for (const peers of stage.sizes.peers) {
        await Promise.all([ours.resize(peers), theirs.resize(peers)]);
        measures.push(...(await broadcasts(stage, primary, peers)));
      }
      await Promise.all([ours.quit(), theirs.quit()]);
      return { measures, growths: [growthOf(stage.sizes.peers, measures)] };
    } finally {
      cleanPrefix(filePrefix);
    }
  },
};

function variantOf(peers: number): string {
  return `${peers} secondar${peers === 1 ? 'y' : 'ies'}`;
}

function broadcasts({ primary, sizes }: Stage, channel: MpChannel, peers: number): Promise<Measure[]> {
  const message = { name: 'echo', param: new Uint8Array(16) };
  const samples = Math.min(sizes.samples, Math.max(Math.ceil(sizes.samples / peers), LEAST_BROADCASTS));
  const contenders: Contender[] = [
    onMainCpu({ name: NAMES[0], run: async (count) => timeSync(count, () => channel.requestSync(message)) }),
    primary.contender(NAMES[1], 'sync', '16 0'),
    onMainCpu({ name: NAMES[2], run: (count) => timeAsync(count, () => channel.request(message)) }),
    primary.contender(NAMES[3], 'async', '16 0'),
  ];
  return takeTurns(contenders, {
    what: 'broadcast',
    variant: variantOf(peers),
    sizes: { ...sizes, samples, warmUp: Math.ceil(samples / 20) },
  });
}

function growthOf(xs: readonly number[], measures: readonly Measure[]): Growth {
  return {
    title: 'Broadcast, p50',
    x: 'secondaries',
    y: 'ns',
    xs,
    lines: NAMES.map((name) => ({ name, ys: xs.map((peers) => p50(measures, variantOf(peers), name)) })),
  };
}

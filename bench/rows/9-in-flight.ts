import type { MpChannel } from '../../lib/index.js';
import { Latencies, median } from '../harness/histogram.js';
import { progress } from '../harness/progress.js';
import type { Measure } from '../harness/result.js';
import type { Row } from '../harness/stage.js';
import { p50, place } from '../harness/turns.js';

const NODE = 'request';
const C = 'C rte_mp_request_async';

export const inFlight: Row = {
  number: 9,
  title: 'Requests of one name in flight',
  method:
    'This many requests of the same name are in flight at any time; the rate is that of all together. C refuses a second ' +
    'request of the same name to the same peer (EEXIST), so it has one point.',

  async measure(stage) {
    await using channel = await stage.openChannel();
    const { samples, inFlight: counts, rounds } = stage.sizes;
    const perRound = Math.ceil(samples / rounds);
    const latencies = counts.map(() => new Latencies());
    const rates: number[][] = counts.map(() => []);
    const cRates: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      for (const [i, count] of counts.entries()) {
        progress(`in flight, round ${round} of ${rounds}: ${count}`);
        const { times, rate } = await keepInFlight(channel, count, perRound);
        latencies[i]?.add(times);
        rates[i]?.push(rate);
      }
      const times = await stage.secondary.samples(`async ${perRound} 16 0`);
      cRates.push(times.length / (times.reduce((sum, ns) => sum + ns, 0) / 1e9));
    }
    const measures = counts.flatMap((count, i) => [
      latencies[i]?.measure(NODE, `${count} in flight`),
      rateOf(NODE, `${count} in flight, rate`, rates[i] ?? [], samples),
    ]);
    const all: Measure[] = [
      ...measures.filter((measure) => measure !== undefined),
      rateOf(C, '1 in flight, rate', cRates, samples),
    ];
    const ys = counts.map((count) => p50(all, `${count} in flight, rate`, NODE));
    return {
      measures: all,
      growths: [
        {
          title: 'Requests per second',
          x: 'in flight',
          y: 'requests/s',
          xs: counts,
          lines: [
            { name: NODE, ys },
            { name: `${C} (one at a time)`, ys: counts.map(() => median(cRates)) },
          ],
        },
      ],
    };
  },
};

function rateOf(contender: string, variant: string, rates: readonly number[], count: number): Measure {
  return { contender, variant, unit: 'requests/s', count, p50: median(rates) };
}

async function keepInFlight(channel: MpChannel, width: number, total: number) {
  const message = { name: 'echo', param: new Uint8Array(16) };
  const times = new Float64Array(total);
  let next = 0;
  const ask = async () => {
    while (next < total) {
      const i = next++;
      const start = performance.now();
      await channel.request(message);
      times[i] = (performance.now() - start) * 1e6;
    }
  };
  place('main');
  const start = performance.now();
  await Promise.all(Array.from({ length: width }, ask));
  const rate = total / ((performance.now() - start) / 1e3);
  place('anywhere');
  return { times, rate };
}

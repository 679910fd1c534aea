// What rows 1 and 2 share: one request after the other, with each size of param and count of descriptors.
import type { Measure } from './result.js';
import { type BenchMessage, FD_COUNTS, makeMessage, PARAM_SIZES, type Stage, variantOf } from './stage.js';
import { type Contender, onMainCpu, onOtherCpus, ratio, takeTurns } from './turns.js';

export const ACROSS = '16 B, across processors';
export const RAW = 'C raw loop';
export const RAW_SPINNING = 'C raw loop, spinning';

export interface RequestContenders {
  /** Name for the progress line. */
  readonly what: string;
  /** Name of C's own client, and its command in main.c. */
  readonly c: readonly [name: string, verb: string];
  /** Node's clients, which send this message. */
  nodeClients(message: BenchMessage): readonly Contender[];
  /** Further contenders on the processor of C's main thread. */
  others?(message: BenchMessage): readonly Contender[];
}

/**
 * Measures all variants on the processor of C's main thread, and 16 bytes without descriptors also across processors:
 * there each wake-up has to reach another processor than that of the primary's IPC thread.
 */
export async function measureRequests(stage: Stage, contenders: RequestContenders): Promise<Measure[]> {
  const { what, c, others } = contenders;
  const [name, verb] = c;
  const measures: Measure[] = [];
  for (const fds of FD_COUNTS) {
    for (const size of PARAM_SIZES) {
      const message = makeMessage('echo', size, fds);
      const clients = contenders.nodeClients(message);
      const all = [
        ...clients.map(onMainCpu),
        stage.secondary.contender(name, verb, `${size} ${fds}`),
        ...(others?.(message) ?? []),
      ];
      const variant = variantOf(size, fds);
      measures.push(...(await takeTurns(all, { what, variant, sizes: stage.sizes })));
      if (size === 16 && fds === 0) measures.push(...(await acrossProcessors(stage, what, c, clients)));
      message.close();
    }
  }
  return measures;
}

async function acrossProcessors(
  stage: Stage,
  what: string,
  [name, verb]: readonly [string, string],
  clients: readonly Contender[],
): Promise<Measure[]> {
  const secondary = await stage.startDistantSecondary();
  const contenders = [
    ...clients.map(onOtherCpus),
    secondary.contender(name, verb, '16 0'),
    secondary.contender(RAW, 'raw', '16 0 0'),
    secondary.contender(RAW_SPINNING, 'raw', '16 0 1'),
  ];
  const measures = await takeTurns(contenders, { what, variant: ACROSS, sizes: stage.sizes });
  await secondary.quit();
  return measures;
}

/** Says how fast anything can be across processors, so that readers can judge the ratio there. */
export function rawLoopNote(measures: readonly Measure[], c: string): string {
  const floor = ratio(measures, ACROSS, RAW, c);
  return `Across processors the raw loop, which only calls sendmsg and recvmsg, takes ${floor.toFixed(2)} of ${c}.`;
}

// The same request where each wake-up has to reach another processor than the one of the primary's IPC thread.
import type { Measure } from './result.js';
import type { Stage } from './stage.js';
import { across, type Contender, ratio, takeTurns } from './turns.js';

export const ACROSS = '16 B, across processors';
export const RAW = 'C raw loop';
export const RAW_SPINNING = 'C raw loop, spinning';

/** Node's clients, C's own (its name and its command in main.c) and the bare loops, with 16 bytes and no descriptor. */
export async function acrossProcessors(
  stage: Stage,
  what: string,
  clients: readonly Contender[],
  [name, verb]: readonly [string, string],
): Promise<Measure[]> {
  const secondary = await stage.distantSecondary();
  const contenders = [
    ...clients.map(across),
    secondary.contender(name, verb, '16 0'),
    secondary.contender(RAW, 'raw', '16 0 0'),
    secondary.contender(RAW_SPINNING, 'raw', '16 0 1'),
  ];
  const measures = await takeTurns(contenders, { what, variant: ACROSS, sizes: stage.sizes });
  await secondary.quit();
  return measures;
}

/** How fast anything can be across processors, so that the ratio there can be judged. */
export function floorNote(measures: readonly Measure[], c: string): string {
  const floor = ratio(measures, ACROSS, RAW, c);
  return `Across processors the raw loop, which is nothing but sendmsg and recvmsg, takes ${floor.toFixed(2)} of ${c}.`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { untilInterrupted } from '../exit.js';
import { toHex } from '../format-bytes.js';
import { attach, type RangeOptions, readZone, withRange } from '../memzone-options.js';
import { parseCount, withJson, withTime } from '../options.js';
import { clock, paint, print, printError, printJsonLine } from '../output.js';

interface Options extends RangeOptions {
  readonly interval: number;
  readonly count?: number;
}

const ABOUT = `Prints the bytes of a memzone that change, before and after, until Ctrl-C. It looks
every --interval, and does not see what changes back in between. It ends with an error
when the zone is freed or the primary dies.`;

const EXAMPLES = `
Examples:
  $ dpdk-ipc memzone watch shared_info --length 64
  $ dpdk-ipc memzone watch shared_info --interval 10ms --count 1 --json

Exit status: 0 ended by Ctrl-C or --count, 2 the zone or its primary is gone.`;

/** Adds `memzone watch`. */
export function addMemzoneWatch(memzone: Command): void {
  const command = memzone.command('watch').summary('print the bytes that change').description(ABOUT);
  withTime(
    withJson(withRange(command), 'print one JSON object a line'),
    'how often to look',
    200,
    '--interval',
  )
    .option('--count <n>', 'end after n changes', parseCount)
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const { offset, interval, count = Number.POSITIVE_INFINITY } = options;
  const signal = untilInterrupted();
  using memory = attach(options);
  const { zone, bytes } = readZone(memory, name, options);
  const { length } = bytes;
  printError(`watching ${length} bytes at offset ${offset} of memzone '${name}' (Ctrl-C ends it)`);
  let before = bytes;
  for (let shown = 0; shown < count && !signal.aborted; ) {
    const after = memory.snapshot(zone, { offset, length });
    for (const change of changesOf(before, after).slice(0, count - shown)) {
      show(name, offset, change, options.json ?? false);
      shown++;
    }
    before = after;
    if (shown < count) await sleep(interval, undefined, { signal }).catch(ignoreAbort);
  }
}

/** Ignores that the signal ended the wait: the loop looks at the signal. */
function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}

/** A run of bytes that differ. */
interface Change {
  readonly at: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Differing bytes less than this apart are one change: most likely the bytes of one number. */
const GAP = 4;
/** A longer change is printed in parts of this length. */
const MAX_CHANGE = 16;

function changesOf(before: Uint8Array, after: Uint8Array): Change[] {
  if (Buffer.compare(before, after) === 0) return [];
  const changes: Change[] = [];
  const take = (start: number, end: number) =>
    changes.push({ at: start, before: before.subarray(start, end), after: after.subarray(start, end) });
  let start = -1;
  let end = -1;
  for (let i = 0; i < after.length; i++) {
    if (before[i] === after[i]) continue;
    if (start >= 0 && (i - end >= GAP || i - start >= MAX_CHANGE)) {
      take(start, end);
      start = -1;
    }
    if (start < 0) start = i;
    end = i + 1;
  }
  take(start, end);
  return changes;
}

function show(zone: string, base: number, { at, before, after }: Change, json: boolean): void {
  const offset = base + at;
  if (json) {
    const time = new Date().toISOString();
    printJsonLine({ time, zone, offset, before: toHex(before), after: toHex(after) });
    return;
  }
  const hex = offset.toString(16).padStart(8, '0');
  print(`${paint('dim', clock())} ${hex}  ${spaced(before)} -> ${paint('yellow', spaced(after))}`);
}

function spaced(bytes: Uint8Array): string {
  return toHex(bytes).replace(/..(?=.)/g, '$& ');
}

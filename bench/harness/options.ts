// The options of the command line, and how much each part of a run measures.
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Ends within a minute: shows that everything works; the times mean nothing. */
  readonly quick: boolean;
  /** Directory for the JSON file and the page. */
  readonly out: string;
  /** Numbers of the rows to run; `undefined` runs all. */
  readonly rows: ReadonlySet<number> | undefined;
  readonly sizes: Sizes;
}

/** How much is measured. */
export interface Sizes {
  /** Samples of each contender in each variant. */
  readonly samples: number;
  readonly warmUp: number;
  /** How often the contenders take turns. */
  readonly rounds: number;
  readonly messages: number;
  readonly starts: number;
  readonly heapRequests: number;
  readonly codecOperations: number;
  readonly copies: number;
  readonly peers: readonly number[];
  readonly inFlight: readonly number[];
  readonly zones: readonly number[];
}

const FULL: Sizes = {
  samples: 20_000,
  warmUp: 1_000,
  rounds: 5,
  messages: 100_000,
  starts: 15,
  heapRequests: 1_000_000,
  codecOperations: 2_000_000,
  copies: 100,
  peers: [1, 2, 4, 8, 16, 32, 64],
  inFlight: [1, 2, 4, 8, 16],
  zones: [10, 100, 2000],
};

const QUICK: Sizes = {
  samples: 300,
  warmUp: 50,
  rounds: 1,
  messages: 2_000,
  starts: 1,
  heapRequests: 10_000,
  codecOperations: 20_000,
  copies: 5,
  peers: [1, 8, 64],
  inFlight: [1, 4, 16],
  zones: [10, 100, 2000],
};

const RESULTS = new URL('../results/', import.meta.url).pathname;

export const USAGE = `npm run bench -- [--quick] [--rows 1,2] [--out DIR]

Measures this package against C's own librte_eal, in turns on the same live C primary; writes one JSON file and
one page into DIR (bench/results). Needs DPDK and 2 MiB hugepages, as npm test sets them up.

  --quick     less than a minute: runs everything, but the times mean nothing
  --rows      only these rows, such as 1,8
  --out       directory for the results`;

/** Throws the error of `parseArgs` for an unknown option. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rows: { type: 'string' },
      out: { type: 'string', default: RESULTS },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick, out, rows } = values;
  return { quick, out, rows: rows === undefined ? undefined : numbersIn(rows), sizes: quick ? QUICK : FULL };
}

function numbersIn(list: string): ReadonlySet<number> {
  const numbers = list.split(',').map(Number);
  const bad = numbers.find((number) => !Number.isInteger(number) || number < 1);
  if (bad !== undefined) throw new Error(`--rows ${list}: give numbers such as 1,8`);
  return new Set(numbers);
}

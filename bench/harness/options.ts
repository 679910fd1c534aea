// What the command line asks for, and how long each part of a run is.
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Ends within a minute: proves that everything works, and says nothing about times. */
  readonly quick: boolean;
  /** Where the JSON and the page go. */
  readonly out: string;
  /** The numbers of the rows to run. */
  readonly rows: ReadonlySet<number> | undefined;
  readonly sizes: Sizes;
}

/** How much is measured. */
export interface Sizes {
  /** Of each contender, in each variant. */
  readonly samples: number;
  readonly warmUp: number;
  /** The contenders take turns this often. */
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

Measures this package against C's own librte_eal, in turns on the same live C primary; writes one JSON and one page
of it into DIR (bench/results). Needs DPDK and 2 MiB hugepages, as npm test sets them up.

  --quick     less than a minute: does everything, times mean nothing
  --rows      only these rows, such as 1,8
  --out       where the results go`;

/** Throws what `parseArgs` throws for an option that isn't known. */
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

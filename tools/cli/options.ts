import { type Command, InvalidArgumentError, Option } from 'commander';

/** Where the primary is, as every command takes it. */
export interface PlaceOptions {
  readonly filePrefix: string;
  readonly runtimeDir?: string;
}

/** Adds `--file-prefix` and `--runtime-dir`. */
export function withPlace(command: Command): Command {
  return withRuntimeDir(command.option('--file-prefix <prefix>', "the primary's --file-prefix", 'rte'));
}

export function withRuntimeDir(command: Command): Command {
  return command.option(
    '--runtime-dir <dir>',
    'the directory that holds <prefix>/mp_socket (default: as DPDK chooses it)',
  );
}

/** Adds `--json`. */
export function withJson(command: Command, what = 'print the results as JSON'): Command {
  return command.option('--json', what);
}

/** Adds `--timeout`, or another option that takes a time; `ms` is its default. */
export function withTime(command: Command, about: string, ms: number, flag = '--timeout'): Command {
  const inWords = ms < 1_000 ? `${ms}ms` : `${ms / 1_000}s`;
  return command.addOption(new Option(`${flag} <time>`, about).argParser(parseDuration).default(ms, inWords));
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** `--timeout 500`, `500ms`, `2s`, `1.5s`: milliseconds. */
function parseDuration(text: string): number {
  const [, number = '', unit = 'ms'] = /^(\d+(?:\.\d+)?)(us|ms|s|m)?$/.exec(text.trim()) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (number === '' || !(ms > 0) || ms > TIMEOUT_MAX_MS) {
    throw new InvalidArgumentError('Give milliseconds, or a time with its unit: 500, 500ms, 2s, 1m.');
  }
  return ms;
}

/** More is a slip of the keyboard, and `bench` keeps a number of each. */
const COUNT_MAX = 100_000_000;

/** `--count 10`: a whole number, 1 or more. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && count <= COUNT_MAX) return count;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${COUNT_MAX}.`);
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** `--offset 64`, `0x40`, `4k`, `2M`, `1G`: bytes, k being 1,024. */
export function parseBytes(text: string): number {
  const [, number = '', unit = ''] = /^(0x[0-9a-f]+|\d+)([kmg]?)$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * (SIZE_UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (number === '' || !Number.isSafeInteger(bytes)) {
    throw new InvalidArgumentError('Give bytes as 64, 0x40, 4k, 2M or 1G.');
  }
  return bytes;
}

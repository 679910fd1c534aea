import { type Command, InvalidArgumentError, Option } from 'commander';
import { DIALECTS, type DialectId } from '../../protocol/dialect.js';

/** Options that say where the primary is, and how to talk to it. */
export interface PrefixOptions {
  readonly filePrefix: string;
  readonly runtimeDir?: string;
  readonly dialect?: DialectId;
  readonly json?: boolean;
}

/** Adds `--file-prefix` and `--runtime-dir`. */
export function withPrefix(command: Command): Command {
  return withRuntimeDir(command.option('--file-prefix <prefix>', "the primary's --file-prefix", 'rte'));
}

/** Adds `--runtime-dir`. */
export function withRuntimeDir(command: Command): Command {
  return command.option(
    '--runtime-dir <dir>',
    "the directory that holds <prefix>/mp_socket (default: DPDK's choice)",
  );
}

/** Adds `--dialect`. */
export function withDialect(command: Command): Command {
  const about = 'the dialect of a primary whose release is unknown';
  return command.addOption(new Option('--dialect <dialect>', about).choices(Object.keys(DIALECTS)));
}

/** Adds `--json`. */
export function withJson(command: Command, what = 'print the results as JSON'): Command {
  return command.option('--json', what);
}

/** Adds `--timeout`, or another option that takes a time; its default is `ms`. */
export function withTime(command: Command, about: string, ms: number, flag = '--timeout'): Command {
  const text = ms < 1_000 ? `${ms}ms` : `${ms / 1_000}s`;
  return command.addOption(new Option(`${flag} <time>`, about).argParser(parseDuration).default(ms, text));
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** Parses `500`, `500ms`, `2s` or `1.5s` into milliseconds. */
function parseDuration(text: string): number {
  const [, number = '', unit = 'ms'] = /^(\d+(?:\.\d+)?)(us|ms|s|m)?$/.exec(text.trim()) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (number === '' || !(ms > 0) || ms > TIMEOUT_MAX_MS) {
    throw new InvalidArgumentError('Give milliseconds, or a time with its unit: 500, 500ms, 2s, 1m.');
  }
  return ms;
}

/** `bench` keeps a number for each request in memory. */
const COUNT_MAX = 100_000_000;

/** Parses a whole number from 1 on. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && count <= COUNT_MAX) return count;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${COUNT_MAX}.`);
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Parses `64`, `0x40`, `4k`, `2M` or `1G` into bytes; k is 1,024. */
export function parseBytes(text: string): number {
  const [, number = '', unit = ''] = /^(0x[0-9a-f]+|\d+)([kmg]?)$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * (SIZE_UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (number === '' || !Number.isSafeInteger(bytes)) {
    throw new InvalidArgumentError('Give bytes as 64, 0x40, 4k, 2M or 1G.');
  }
  return bytes;
}

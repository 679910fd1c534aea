// Shared by the demo's three programs: reads their command lines, and reports errors.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { MpError } from '../../lib/index.js';

type OptionTable = NonNullable<ParseArgsConfig['options']>;
type Values<T extends OptionTable> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/** Reads the options of the command line. Ends the process after `--help`, and with status 2 for wrong options. */
export function readOptions<T extends OptionTable>(program: string, help: string, options: T): Values<T> {
  if (process.argv.includes('--help')) {
    console.log(help);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return wrongUsage(program, (error as Error).message.split('. ')[0] ?? '');
  }
}

/** Reads the value of `--option`: a whole number above 0. */
export function positive(program: string, option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    wrongUsage(program, `--${option} is '${text}': give a whole number above 0`);
  return Number(text);
}

export function wrongUsage(program: string, message: string): never {
  console.error(`${program}: ${message}. --help lists the options`);
  process.exit(2);
}

/** Ends the process: prints the message of an `MpError`, and any other error in full. */
export function fail(program: string, error: unknown): never {
  console.error(error instanceof MpError ? `${program}: ${error.message}` : error);
  process.exit(error instanceof MpError && error.code === 'EINVAL' ? 2 : 1);
}

/** Returns a signal that aborts when this process has to end: on SIGINT and the like, or when the demo that started it is gone. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  process.once('disconnect', () => stop.abort());
  process.channel?.unref();
  return stop.signal;
}

import { MpError } from '../../protocol/errors.js';
import { paint, printError, wrap } from './output.js';

/** The command has found something wrong, or got less than it asked for. */
export const EXIT_FINDING = 1;
/** It could not be done, be it the user's fault or the machine's. */
export const EXIT_ERROR = 2;

/** What `doctor` can say more about. */
const DOCTORS_CODES = new Set([
  'EACCES',
  'EAGAIN',
  'ECONNREFUSED',
  'ELAYOUT',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOPRIMARY',
  'ERESTARTED',
  'ETIMEDOUT',
  'EVERSION',
]);

/** Says what went wrong and what to do next, to stderr; returns the exit status. */
export function reportError(error: unknown, args: readonly string[]): number {
  const start = paint('red', 'dpdk-ipc:', process.stderr);
  if (!(error instanceof MpError)) {
    printError(`${start} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT_ERROR;
  }
  const message = inOurWords(error.message);
  const doctor = isForDoctor(error, args) ? doctorFor(args) : undefined;
  if (args.includes('--json')) {
    const { code, path } = error;
    printError(JSON.stringify({ error: { code, message, path, doctor } }));
    return EXIT_ERROR;
  }
  printError(`${start} ${wrapped(message, 'dpdk-ipc: '.length)}`);
  if (doctor !== undefined) printError(wrapped(`To find out more: ${doctor}`));
  return EXIT_ERROR;
}

/** About the primary: not about a file that the user named, nor an answer of a primary that is well. */
function isForDoctor({ code, path, errno }: MpError, args: readonly string[]): boolean {
  if (!DOCTORS_CODES.has(code) || /^(doctor|ls)$/.test(args[0] ?? '')) return false;
  if (path !== undefined) return !args.some((arg) => arg.endsWith(path));
  return errno === undefined; // else it is what the primary answered
}

function wrapped(text: string, used = 0): string {
  return wrap(text, { used, stream: process.stderr });
}

/** Messages name the options of the library. */
function inOurWords(message: string): string {
  return message
    .replaceAll(/\btimeoutMs\b/g, '--timeout')
    .replaceAll(/\bfilePrefix\b/g, '--file-prefix')
    .replaceAll(/\bruntimeDir\b/g, '--runtime-dir')
    .replaceAll('the option dialect to', '--dialect to')
    .replaceAll(/\bhugeDir\b/g, '--huge-dir')
    .replaceAll('{ stale: true }', '--stale')
    .replaceAll('{ unlinked: true }', '--unlinked');
}

/** The command that looks at everything around the same primary. */
function doctorFor(args: readonly string[]): string {
  const runtimeDir = optionIn(args, '--runtime-dir');
  const place = runtimeDir === undefined ? '' : ` --runtime-dir ${quote(runtimeDir)}`;
  return `dpdk-ipc doctor --file-prefix ${quote(optionIn(args, '--file-prefix') ?? 'rte')}${place}`;
}

function optionIn(args: readonly string[], option: string): string | undefined {
  const joined = args.find((arg) => arg.startsWith(`${option}=`));
  if (joined !== undefined) return joined.slice(option.length + 1);
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}

/** As a shell takes it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * For commands that run until Ctrl-C: what aborts at the first SIGINT or SIGTERM, which then is their normal end, and
 * no longer ends the process at once. A second one does.
 */
export function untilInterrupted(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, () => controller.abort());
  }
  return controller;
}

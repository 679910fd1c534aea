import { MpError } from '../../protocol/errors.js';
import { paint, printError, wrap } from './output.js';

/** Exit status of a command that found something wrong, or got less than it asked for. */
export const EXIT_FINDING = 1;
/** Exit status of a command that could not do its work. */
export const EXIT_ERROR = 2;

/** Prints an error and the next step to stderr; returns the exit status. */
export function reportError(error: unknown, args: readonly string[]): number {
  const start = paint('red', 'dpdk-ipc:', process.stderr);
  if (!(error instanceof MpError)) {
    printError(`${start} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT_ERROR;
  }
  const message = withCommandLineOptions(error.message);
  const doctor = canDoctorExplain(error, args) ? doctorCommand(args) : undefined;
  if (args.includes('--json')) {
    const { code, path } = error;
    printError(JSON.stringify({ error: { code, message, path, doctor } }));
    return EXIT_ERROR;
  }
  const [stream, used] = [process.stderr, 'dpdk-ipc: '.length];
  printError(`${start} ${wrap(message, { used, stream })}`);
  if (doctor !== undefined) printError(wrap(`To find out more: ${doctor}`, { stream }));
  return EXIT_ERROR;
}

/**
 * For a command that runs until Ctrl-C: a signal that aborts at the first SIGINT or SIGTERM, which is the command's
 * normal end. The second one ends the process at once.
 */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}

/** Replaces the library's options in a message by those of the command line. */
function withCommandLineOptions(message: string): string {
  return message
    .replaceAll(/\btimeoutMs\b/g, '--timeout')
    .replaceAll(/\bfilePrefix\b/g, '--file-prefix')
    .replaceAll(/\bruntimeDir\b/g, '--runtime-dir')
    .replaceAll('the option dialect to', '--dialect to')
    .replaceAll(/\bhugeDir\b/g, '--huge-dir')
    .replaceAll('{ stale: true }', '--stale')
    .replaceAll('{ unlinked: true }', '--unlinked');
}

const DOCTOR_CODES = new Set([
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

/** Whether the error is about the primary: not about a file among the arguments, nor the answer of a working primary. */
function canDoctorExplain({ code, path, errno }: MpError, args: readonly string[]): boolean {
  if (!DOCTOR_CODES.has(code) || /^(doctor|ls)$/.test(args[0] ?? '')) return false;
  if (path !== undefined) return !args.some((arg) => arg.endsWith(path));
  return errno === undefined; // an errno without a path is the primary's answer
}

function doctorCommand(args: readonly string[]): string {
  const filePrefix = optionIn(args, '--file-prefix') ?? 'rte';
  const runtimeDir = optionIn(args, '--runtime-dir');
  const directory = runtimeDir === undefined ? '' : ` --runtime-dir ${quote(runtimeDir)}`;
  return `dpdk-ipc doctor --file-prefix ${quote(filePrefix)}${directory}`;
}

function optionIn(args: readonly string[], option: string): string | undefined {
  const joined = args.find((arg) => arg.startsWith(`${option}=`));
  if (joined !== undefined) return joined.slice(option.length + 1);
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}

/** Quotes a word for a shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

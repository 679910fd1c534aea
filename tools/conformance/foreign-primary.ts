import { dialectIn } from '../../lib/peers/to-primary.js';
import { processExists } from '../../lib/transport/socket-names.js';
import { DIALECTS, type Dialect, type DialectId } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { defaultRuntimeDir, PRIMARY_SOCKET, runtimePath } from '../../protocol/paths.js';
import { type ConfigHead, readConfigHead } from '../../shm/layout/mem-config.js';
import { hasMessageThread, namesIn } from '../../sys/proc.js';
import { type Answer, ask, harmlessRequest } from '../instances/ask.js';
import type { Ability, Subject, SubjectSource } from './subject.js';

export interface ForeignOptions {
  readonly filePrefix: string;
  readonly runtimeDir?: string;
  /** Needed where the primary has no `config` file. */
  readonly dialect?: DialectId;
}

/** How long a primary that runs takes at most to answer. */
const ANSWER_WITHIN_MS = 3_000;

/**
 * The primary that runs under a file prefix, as a subject without a driver. Rejects with `ENOENT` (unknown prefix),
 * `ECONNREFUSED` (its primary is dead), `ETIMEDOUT` (it doesn't answer), `EVERSION` (its dialect is unknown).
 */
export async function findPrimary(options: ForeignOptions): Promise<SubjectSource> {
  const base = options.runtimeDir ?? defaultRuntimeDir(process.env, process.getuid?.() ?? 0);
  const directory = runtimePath(base, options.filePrefix);
  const socketPath = `${directory}/${PRIMARY_SOCKET}`;
  assertExists(base, directory, options.filePrefix);
  const head = readConfigHead(`${directory}/config`);
  const dialect = options.dialect === undefined ? dialectIn(head) : DIALECTS[options.dialect];
  await assertAnswering(directory, socketPath, dialect);
  const subject = new ForeignPrimary(directory, dialect, head);
  const abilities: Ability[] = ['devices', ...(subject.pid === undefined ? [] : ['pid' as const])];
  return {
    label: `${subject.implementation === 'C' ? 'C' : 'the'} primary of '${options.filePrefix}'`,
    implementation: subject.implementation,
    role: 'primary',
    dialect,
    abilities: new Set(abilities),
    open: async () => subject,
    place: () =>
      Promise.reject(new MpError('ENOTSUP', 'A foreign primary can not be started: start it by hand')),
  };
}

function assertExists(base: string, directory: string, filePrefix: string): void {
  if (namesIn(directory).includes(PRIMARY_SOCKET)) return;
  const others = namesIn(base).filter((name) => namesIn(`${base}/${name}`).includes(PRIMARY_SOCKET));
  const hint = others.length === 0 ? 'none is there' : `there are: ${others.join(', ')}`;
  throw new MpError(
    'ENOENT',
    `No primary has a socket at ${directory}/${PRIMARY_SOCKET} (prefix '${filePrefix}'; under ${base} ${hint}): ` +
      'start the primary, or give its --file-prefix and --runtime-dir',
    { path: directory },
  );
}

async function assertAnswering(directory: string, socketPath: string, dialect: Dialect): Promise<void> {
  const answer = await ask(directory, socketPath, dialect, ANSWER_WITHIN_MS);
  if (answer === 'ECONNREFUSED') throw deadError(socketPath);
  if (answer !== 'answers') throw silentError(socketPath, answer);
}

function deadError(path: string): MpError {
  return new MpError('ECONNREFUSED', `The primary that was at ${path} has died: start it again`, { path });
}

function silentError(path: string, answer: Answer): MpError {
  const what = answer === 'silent' ? 'takes requests and answers none' : `takes no request (${answer})`;
  return new MpError(
    'ETIMEDOUT',
    `The primary at ${path} ${what}: its IPC thread may have ended (a bad datagram does that); restart the primary`,
    { path },
  );
}

class ForeignPrimary implements Subject {
  readonly role = 'primary';
  readonly probe = harmlessRequest();
  readonly driver = undefined;
  readonly directory: string;
  readonly dialect: Dialect;
  readonly pid: number | undefined;
  readonly versionWord: number | undefined;
  readonly implementation: 'C' | 'unknown';

  constructor(directory: string, dialect: Dialect, head: ConfigHead | undefined) {
    this.directory = directory;
    this.dialect = dialect;
    this.versionWord = head?.lock === undefined ? undefined : head.versionWord;
    const pid = head?.lock?.pid;
    this.pid = pid !== undefined && pid > 0 ? pid : undefined;
    this.implementation = this.pid !== undefined && hasMessageThread(this.pid) ? 'C' : 'unknown';
  }

  get socketPath(): string {
    return `${this.directory}/${PRIMARY_SOCKET}`;
  }

  log(): string {
    return '';
  }

  isRunning(): boolean {
    return this.pid === undefined || processExists(this.pid);
  }

  /** It isn't ours to end. */
  kill(): void {}

  async quit(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

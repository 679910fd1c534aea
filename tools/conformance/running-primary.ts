import { dialectIn } from '../../lib/peers/to-primary.js';
import { processExists } from '../../lib/transport/socket-names.js';
import { DIALECTS, type Dialect, type DialectId } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { defaultRuntimeDir, PRIMARY_SOCKET, runtimePath } from '../../protocol/paths.js';
import { type ConfigHead, readConfigHead } from '../../shm/layout/mem-config.js';
import { hasMessageThread, namesIn } from '../../sys/proc.js';
import { probe, probeRequest } from '../instances/probe.js';
import type { Ability, Subject, SubjectSource } from './subject.js';

/** A primary that works answers within this time. */
const ANSWER_WITHIN_MS = 3_000;

/**
 * Finds the primary that runs under a file prefix: a subject without a driver. A primary without a `config` file needs
 * `dialect`. Rejects with `ENOENT` (there is no primary), `ECONNREFUSED` (it is dead), `ETIMEDOUT` (it doesn't answer),
 * `EVERSION` (its dialect is unknown).
 */
export async function findPrimary(options: {
  readonly filePrefix: string;
  readonly runtimeDir?: string;
  readonly dialect?: DialectId;
}): Promise<SubjectSource> {
  const base = options.runtimeDir ?? defaultRuntimeDir(process.env, process.getuid?.() ?? 0);
  const directory = runtimePath(base, options.filePrefix);
  const socketPath = `${directory}/${PRIMARY_SOCKET}`;
  assertExists(base, directory, options.filePrefix);
  const head = readConfigHead(`${directory}/config`);
  const dialect = options.dialect === undefined ? dialectIn(head) : DIALECTS[options.dialect];
  await assertAnswering(directory, socketPath, dialect);
  const subject = runningPrimary(directory, dialect, head);
  return {
    label: `${subject.implementation === 'C' ? 'C' : 'the'} primary of '${options.filePrefix}'`,
    implementation: subject.implementation,
    role: 'primary',
    dialect,
    abilities: new Set<Ability>(subject.pid === undefined ? ['devices'] : ['devices', 'pid']),
    open: async () => subject,
    newPrefix: () =>
      Promise.reject(new MpError('ENOTSUP', 'The checks can not start this primary: start it by hand')),
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

async function assertAnswering(directory: string, path: string, dialect: Dialect): Promise<void> {
  const result = await probe(directory, path, dialect, ANSWER_WITHIN_MS);
  if (result === 'answers') return;
  if (result === 'ECONNREFUSED') {
    throw new MpError('ECONNREFUSED', `The primary that was at ${path} has died: start it again`, { path });
  }
  const what = result === 'silent' ? 'takes requests and answers none' : `takes no request (${result})`;
  throw new MpError(
    'ETIMEDOUT',
    `The primary at ${path} ${what}: its IPC thread may have ended (a bad datagram does that); restart the primary`,
    { path },
  );
}

function runningPrimary(directory: string, dialect: Dialect, head: ConfigHead | undefined): Subject {
  const { lock, versionWord } = head ?? {};
  const pid = lock !== undefined && lock.pid > 0 ? lock.pid : undefined;
  const leaveAlone = async () => {}; // the checks didn't start the process
  return {
    role: 'primary',
    implementation: pid !== undefined && hasMessageThread(pid) ? 'C' : 'unknown',
    dialect,
    versionWord: lock === undefined ? undefined : versionWord,
    directory,
    socketPath: `${directory}/${PRIMARY_SOCKET}`,
    pid,
    driver: undefined,
    probe: probeRequest(),
    log: () => '',
    isRunning: () => pid === undefined || processExists(pid),
    quit: leaveAlone,
    [Symbol.asyncDispose]: leaveAlone,
  };
}

// `npm run demo`: a server and a client in two processes, their output side by side.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { defaultRuntimeDir, runtimePath } from '../../protocol/paths.js';
import { cClientCommand, cServerCommand, removeHugepages } from './c-programs.js';
import { fail, positive, readOptions, stopSignal } from './options.js';
import { Player, say } from './player.js';

const HELP = `Usage: npm run demo -- [options]

A server (primary) and a client (secondary) exchange DPDK's multi-process messages, and see the same counters in
shared memory. Both are Node processes.

  --c-primary         the server is a C process, built against the installed DPDK
  --c-secondary       the client is a C process
  --rounds N          how many requests of each kind (3)
  --fast              intervals of 300 and 500 ms instead of 3 and 5 s
  --file-prefix NAME  DPDK's --file-prefix (one that no other process uses)
  --help              this text

Exit status: 0 if every request was answered, 2 for wrong options, 130 after Ctrl-C, else 1.`;

/** Longer than a request waits for its answer. */
const SLACK_MS = 6_000;

const given = readOptions('demo', HELP, {
  'c-primary': { type: 'boolean', default: false },
  'c-secondary': { type: 'boolean', default: false },
  rounds: { type: 'string', default: '3' },
  fast: { type: 'boolean', default: false },
  'file-prefix': { type: 'string' },
});
const rounds = positive('demo', 'rounds', given.rounds);
const [syncMs, asyncMs] = given.fast ? [300, 500] : [3000, 5000];
const filePrefix = given['file-prefix'] ?? `dpdk-ipc-demo-${process.pid}`;
const stop = stopSignal();

async function startServer(): Promise<Player> {
  if (!given['c-primary']) return new Player('server', startNode('server.ts', '--print-ms', `${syncMs}`));
  const durationMs = (rounds + 1) * (asyncMs + SLACK_MS);
  return new Player('server', startC(await cServerCommand({ filePrefix, printMs: syncMs, durationMs })));
}

async function startClient(): Promise<Player> {
  if (given['c-secondary'])
    return new Player('client', startC(await cClientCommand({ filePrefix, rounds, syncMs, asyncMs })));
  const paces = ['--sync-ms', `${syncMs}`, '--async-ms', `${asyncMs}`];
  const ending = given['c-primary'] ? ['--force-quit'] : [];
  return new Player('client', startNode('client.ts', '--rounds', `${rounds}`, ...paces, ...ending));
}

function startC([file = '', ...args]: readonly string[]): ChildProcess {
  return spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
}

/** Starts it `detached`: Ctrl-C reaches only this process, which then ends the others in order. */
function startNode(file: string, ...args: string[]): ChildProcess {
  const options = ['--file-prefix', filePrefix, ...args];
  return fork(new URL(file, import.meta.url), options, { stdio: 'pipe', detached: true });
}

async function play(): Promise<number> {
  const server = await startServer();
  let client: Player | undefined;
  onStop(() => (client ?? server).end());
  if (!(await server.says(/^\[Server\] ready/))) {
    say('demo', `the server ended before it was ready: ${await server.ended}`);
    return 1;
  }
  client = await startClient();
  if (stop.aborted) client.end();
  // When a C server ends with status 0, as it was told to, the client ends by itself.
  void server.ended.then((end) => {
    if (end !== 'status 0') client?.end();
  });
  const clientEnd = await client.ended;
  const serverDied = !server.isRunning && !given['c-primary'];
  // A Node client that succeeded has ended a C server through shared memory; end any other server here.
  if (!given['c-primary'] || given['c-secondary'] || clientEnd !== 'status 0' || stop.aborted) server.end();
  const serverEnd = await server.ended;
  say('demo', `client ended: ${clientEnd}; server ended: ${serverEnd}`);
  return serverDied || `${clientEnd} ${serverEnd}` !== 'status 0 status 0' ? 1 : 0;
}

function onStop(listener: () => void): void {
  if (stop.aborted) listener();
  else stop.addEventListener('abort', listener);
}

function languageOf(option: 'c-primary' | 'c-secondary'): string {
  return given[option] ? 'C' : 'Node';
}

/** Removes the files of a prefix that only this demo used: other processes may still use a given one. */
function removeTraces(directory: string): void {
  if (given['file-prefix'] !== undefined) return;
  rmSync(directory, { recursive: true, force: true });
  removeHugepages(filePrefix);
}

try {
  const directory = runtimePath(defaultRuntimeDir(process.env, process.getuid?.() ?? 0), filePrefix);
  say(
    'demo',
    `${languageOf('c-primary')} server, ${languageOf('c-secondary')} client, in ${directory}; Ctrl-C ends both`,
  );
  const status = await play();
  removeTraces(directory);
  process.exitCode = stop.aborted ? 130 : status;
} catch (error) {
  if (stop.aborted) process.exit(130);
  fail('demo', error);
}

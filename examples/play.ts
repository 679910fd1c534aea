// Runs both sides of an example with one command, each role in a separate process.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MpChannel } from '../lib/index.js';

export interface Roles {
  /** Opens the primary's channel. `play` closes it once all clients have ended. */
  server(filePrefix: string): Promise<MpChannel>;
  /** Runs a secondary: opens its channel, uses it, closes it. `number` counts from 1. */
  client(filePrefix: string, number: number): Promise<void>;
  /** How many clients run at the same time; default 1. */
  clients?: number;
}

/** Runs the roles of the example in the file `url`, on a file prefix that no other process uses. */
export async function play(url: string, roles: Roles): Promise<void> {
  const [role, filePrefix = '', number] = process.argv.slice(2);
  if (role === 'server') await serve(await roles.server(filePrefix));
  else if (role === 'client') await roles.client(filePrefix, Number(number));
  else await direct(url, roles.clients ?? 1);
}

/** Runs in the first process: starts the others. */
async function direct(url: string, clients: number): Promise<void> {
  const start = (...args: string[]) => fork(new URL(url), args);
  const filePrefix = `dpdk-ipc-example-${process.pid}`;
  const server = start('server', filePrefix);
  const directory = await readyMessage(server);
  const numbers = Array.from({ length: clients }, (_, i) => String(i + 1));
  const ends = await Promise.all(numbers.map((n) => once(start('client', filePrefix, n), 'exit')));
  server.disconnect();
  ends.push(await once(server, 'exit'));
  rmSync(directory, { recursive: true });
  process.exitCode = ends.every(([status]) => status === 0) ? 0 : 1;
}

async function readyMessage(server: ChildProcess): Promise<string> {
  const message = await Promise.race([once(server, 'message'), once(server, 'exit')]);
  if (typeof message[0] !== 'string') throw new Error('The server did not start: see above');
  return message[0];
}

async function serve(channel: MpChannel): Promise<void> {
  process.send?.(dirname(channel.socketPath ?? ''));
  await once(process, 'disconnect');
  await channel.close();
}

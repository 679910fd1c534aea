// The npm package unix-dgram, as a baseline: datagrams on the event loop and nothing else.
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dialectOf } from '../../protocol/dialect.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { readConfigHead } from '../../shm/layout/mem-config.js';
import type { BenchMessage, Stage } from './stage.js';
import { type Contender, timeAsync } from './turns.js';

export const UNIX_DGRAM_MISSING =
  'unix-dgram is not installed: npm install --no-save unix-dgram (compiles native code)';

/** As far as it is used here. */
interface Socket extends NodeJS.EventEmitter {
  bind(path: string): void;
  connect(path: string): void;
  send(bytes: Buffer): void;
  close(): void;
}

function load(): { createSocket(type: 'unix_dgram'): Socket } | undefined {
  const name = 'unix-dgram'; // no dependency: it needs a compiler
  try {
    return createRequire(import.meta.url)(name);
  } catch {
    return undefined;
  }
}

/** `undefined` where the package isn't there. */
export async function unixDgram(
  { runtimeDir }: Stage,
  message: BenchMessage,
): Promise<(Contender & { close(): void }) | undefined> {
  const socket = load()?.createSocket('unix_dgram');
  if (socket === undefined) return undefined;
  const path = `${runtimeDir}/bench_unix_dgram`;
  const versionWord = readConfigHead(`${runtimeDir}/config`)?.versionWord ?? 0;
  const datagram = Buffer.from(encodeMessage(dialectOf(versionWord), MpType.REQ, message));
  socket.bind(path);
  socket.connect(`${runtimeDir}/mp_socket`);
  const ask = () => {
    const answer = once(socket, 'message');
    socket.send(datagram);
    return answer;
  };
  return {
    name: 'unix-dgram',
    run: (count) => timeAsync(count, ask),
    close: () => {
      socket.close();
      rmSync(path, { force: true });
    },
  };
}

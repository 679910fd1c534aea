// A process that kills itself with SIGKILL at its n-th system call: victim-child.ts ROLE RUNTIMEDIR PREFIX STEP [memory]
//
// A secondary opens, requests `echo`, sends `hello`, answers `ask` once (or reads memory, with `memory`), and closes. A primary
// opens, answers `echo` once, requests `ask` of all secondaries, sends `hello`, and closes. Then it prints how many calls that took.
import { closeSync, openSync } from 'node:fs';
import { type MpChannel, openPrimary, openSecondary } from '../../lib/index.js';
import { interposed } from './support/fault-plan.js';

const [role, runtimeDir = '', filePrefix = '', step = '', memory] = process.argv.slice(2);
const die = Number(step);
const common = { runtimeDir, filePrefix, busyPollMicros: 0 };
const TIMEOUT = { timeoutMs: 5_000 };

const steps = await interposed(
  (_, number) => {
    if (number === die) process.kill(process.pid, 'SIGKILL');
    return undefined;
  },
  () => (role === 'primary' ? asPrimary() : asSecondary()),
);
console.log(`calls ${steps.length}`);

async function asSecondary(): Promise<void> {
  const channel = await openSecondary({ ...common, memory: { lock: false } });
  const asked = answered(channel, 'ask');
  await exchange(channel, 'echo');
  if (memory === 'memory') channel.memory.memzones();
  else await asked;
  await channel.close();
}

async function asPrimary(): Promise<void> {
  const channel = await openPrimary(common);
  console.log('open');
  await answered(channel, 'echo');
  await exchange(channel, 'ask');
  await channel.close();
}

/** Resolves once a request of this name was answered, with a descriptor. */
function answered(channel: MpChannel, name: string): Promise<void> {
  return new Promise((resolve) => {
    channel.registerAction(name, (msg) => {
      setImmediate(resolve);
      return { param: msg.param, fds: msg.fds };
    });
  });
}

async function exchange(channel: MpChannel, name: string): Promise<void> {
  const fd = openSync('/dev/null', 'r');
  const reply = await channel.request({ name, param: 'from the victim', fds: [fd] }, TIMEOUT);
  reply[Symbol.dispose]();
  await channel.sendMessage({ name: 'hello', fds: [fd] }, TIMEOUT);
  closeSync(fd);
}

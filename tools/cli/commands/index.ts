import type { Command } from 'commander';

/** One line for `dpdk-ipc --help`, and a function that loads the command's module: `--help` loads none. */
type CommandEntry = readonly [summary: string, load: () => Promise<(program: Command) => void>];

/** All commands by name, in the order of `dpdk-ipc --help`. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  ls: ['list the DPDK primaries of this machine', async () => (await import('./ls.js')).addLs],
  doctor: [
    "explain why IPC or shared memory doesn't work",
    async () => (await import('./doctor.js')).addDoctor,
  ],
  request: [
    'send the primary a request and print its answer',
    async () => (await import('./request.js')).addRequest,
  ],
  send: ['send the primary a one-way message', async () => (await import('./send.js')).addSend],
  listen: [
    'print the messages that arrive, and answer them',
    async () => (await import('./listen.js')).addListen,
  ],
  memzone: [
    "list, read, write and watch the primary's memzones",
    async () => (await import('./memzone.js')).addMemzone,
  ],
  hotplug: [
    'list, attach and detach devices of a running primary',
    async () => (await import('./hotplug.js')).addHotplug,
  ],
  bench: ['measure how long requests take', async () => (await import('./bench.js')).addBench],
  conformance: [
    'test a primary, or your own program, against the protocol',
    async () => (await import('./conformance.js')).addConformance,
  ],
};

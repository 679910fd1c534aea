import type { Command } from 'commander';

/** One line for `dpdk-ipc --help`, and the command's module, which `--help` does not load. */
type CommandEntry = readonly [summary: string, load: () => Promise<{ addCommand(program: Command): void }>];

/** All commands by name, in the order of `dpdk-ipc --help`. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  ls: ['list the DPDK primaries of this machine', () => import('./ls.js')],
  doctor: ["explain why IPC or shared memory doesn't work", () => import('./doctor.js')],
  request: ['send the primary a request and print its answer', () => import('./request.js')],
  send: ['send the primary a one-way message', () => import('./send.js')],
  listen: ['print the messages that arrive, and answer them', () => import('./listen.js')],
  memzone: ["list, read, write and watch the primary's memzones", () => import('./memzone.js')],
  hotplug: ['list, attach and detach devices of a running primary', () => import('./hotplug.js')],
  bench: ['measure how long requests take', () => import('./bench.js')],
  conformance: [
    'test a primary, or your own program, against the protocol',
    () => import('./conformance.js'),
  ],
};

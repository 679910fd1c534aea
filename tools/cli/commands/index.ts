import type { Command } from 'commander';

/** A command of `dpdk-ipc`. Its module is loaded when the command is called, so that `--help` loads none. */
export interface CommandEntry {
  readonly name: string;
  /** One line for `dpdk-ipc --help`. */
  readonly summary: string;
  /** Resolves to a function that adds the command to the program. */
  load(): Promise<(program: Command) => void>;
}

/** All commands, in the order of `dpdk-ipc --help`. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'ls',
    summary: 'list the DPDK primaries of this machine',
    load: async () => (await import('./ls.js')).addLs,
  },
  {
    name: 'doctor',
    summary: "explain why IPC or shared memory doesn't work",
    load: async () => (await import('./doctor.js')).addDoctor,
  },
  {
    name: 'request',
    summary: 'send the primary a request and print its answer',
    load: async () => (await import('./request.js')).addRequest,
  },
  {
    name: 'send',
    summary: 'send the primary a one-way message',
    load: async () => (await import('./send.js')).addSend,
  },
  {
    name: 'listen',
    summary: 'print the messages that arrive, and answer them',
    load: async () => (await import('./listen.js')).addListen,
  },
  {
    name: 'memzone',
    summary: "list, read, write and watch the primary's memzones",
    load: async () => (await import('./memzone.js')).addMemzone,
  },
  {
    name: 'hotplug',
    summary: 'list, attach and detach devices of a running primary',
    load: async () => (await import('./hotplug.js')).addHotplug,
  },
  {
    name: 'bench',
    summary: 'measure how long requests take',
    load: async () => (await import('./bench.js')).addBench,
  },
  {
    name: 'conformance',
    summary: 'test a primary, or your own program, against the protocol',
    load: async () => (await import('./conformance.js')).addConformance,
  },
];

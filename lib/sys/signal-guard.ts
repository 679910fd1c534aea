import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import * as libc from './libc.js';

const { SIGHUP, SIGINT, SIGQUIT, SIGUSR2, SIGALRM, SIGTERM, SIGXCPU, SIGVTALRM, SIGIO, SIGPWR } =
  constants.signals;
/** What ends a Node process from outside in the ordinary course of things. Nothing holds up SIGKILL. */
const SIGNALS = [
  SIGHUP,
  SIGINT,
  SIGQUIT,
  SIGUSR2,
  SIGALRM,
  SIGTERM,
  SIGXCPU,
  SIGVTALRM,
  SIGIO,
  SIGPWR,
] as const;

// struct sigaction of glibc and musl, 64-bit: handler, 128 bytes of mask, int flags, restorer
const SIGACTION = 152;
const FLAGS = 136;
const SA_RESTART = 0x10000000; // bits/sigaction.h
const SIG_IGN = 1n;

const memory = new ArrayBuffer((SIGNALS.length + 2) * SIGACTION);
const bytes = new DataView(memory);
const saved = libc.addressOf(memory);
const deferring = saved + SIGNALS.length * SIGACTION;
const probe = deferring + SIGACTION;
const PROBE_HANDLER = (SIGNALS.length + 1) * SIGACTION;

// The handler. It takes the signal's number, may run at any instruction of any thread, and has the signal ignored.
const ignoreFromNow = libc.dlsym(0, 'sigignore');
bytes.setBigUint64(SIGNALS.length * SIGACTION, BigInt(ignoreFromNow), true);
bytes.setUint32(SIGNALS.length * SIGACTION + FLAGS, SA_RESTART, true);

let isHolding = false;

/**
 * Runs `section`, during which SIGTERM, SIGINT and the like don't end the process; one that came meanwhile takes its
 * effect right afterwards. Blocking them in this thread would not do: the kernel hands a process's signal to any of
 * Node's other threads, and the default action ends them all. So each gets a handler that does nothing but have
 * the signal ignored from then on, however often it comes; that it is ignored tells us that it came.
 * Workers hold nothing: two threads that swap the process's handlers would undo each other. May be nested.
 */
export function holdingSignals<T>(section: () => T): T {
  if (ignoreFromNow === 0 || isHolding || !isMainThread) return section();
  isHolding = true;
  SIGNALS.forEach((signal, i) => {
    libc.sigaction(signal, deferring, saved + i * SIGACTION);
  });
  try {
    return section();
  } finally {
    isHolding = false;
    SIGNALS.forEach((signal, i) => {
      libc.sigaction(signal, saved + i * SIGACTION, probe);
      if (bytes.getBigUint64(PROBE_HANDLER, true) === SIG_IGN) process.kill(process.pid, signal);
    });
  }
}

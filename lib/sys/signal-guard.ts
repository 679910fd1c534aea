import { constants } from 'node:os';
import * as libc from './libc.js';

const { SIGHUP, SIGINT, SIGQUIT, SIGUSR2, SIGALRM, SIGTERM } = constants.signals;
/** What ends a Node process from outside in the ordinary course of things. Nothing holds up SIGKILL. */
const SIGNALS: readonly number[] = [SIGHUP, SIGINT, SIGQUIT, SIGUSR2, SIGALRM, SIGTERM];

// struct sigaction of glibc and musl, 64-bit: handler, 128 bytes of mask, int flags, restorer
const SIGACTION = 152;
const FLAGS = 136;
const SA_RESTART = 0x10000000; // bits/sigaction.h
const SA_RESETHAND = 0x80000000;
const SIG_DFL = 0n;

const memory = new ArrayBuffer((SIGNALS.length + 2) * SIGACTION);
const bytes = new DataView(memory);
const saved = libc.addressOf(memory);
const deferring = saved + SIGNALS.length * SIGACTION;
const probe = deferring + SIGACTION;
const PROBE_HANDLER = (SIGNALS.length + 1) * SIGACTION;

// The handler: any function that takes an int and does nothing else is fine at any instruction of any thread.
const doNothing = libc.dlsym(0, 'abs');
bytes.setBigUint64(SIGNALS.length * SIGACTION, BigInt(doNothing), true);
bytes.setUint32(SIGNALS.length * SIGACTION + FLAGS, SA_RESTART | SA_RESETHAND, true);

/**
 * Runs `section`, during which SIGTERM, SIGINT and the like don't end the process; one that came meanwhile takes its
 * effect right afterwards. Blocking them in this thread would not do: the kernel hands a process's signal to any of
 * Node's other threads, and the default action ends them all. So each gets a handler that does nothing but is
 * reset by the kernel when it ran (SA_RESETHAND), which tells us. For the main thread only: two threads that swap
 * the process's handlers would undo each other. `section` must not nest another guard.
 */
export function holdingSignals<T>(section: () => T): T {
  if (doNothing === 0) return section();
  SIGNALS.forEach((signal, i) => {
    libc.sigaction(signal, deferring, saved + i * SIGACTION);
  });
  try {
    return section();
  } finally {
    SIGNALS.forEach((signal, i) => {
      libc.sigaction(signal, saved + i * SIGACTION, probe);
      if (bytes.getBigUint64(PROBE_HANDLER, true) === SIG_DFL) process.kill(process.pid, signal);
    });
  }
}

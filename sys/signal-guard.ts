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

/** Offset of the action that the signals get meanwhile, behind those that are saved. */
const DEFERRING = SIGNALS.length * SIGACTION;
/** Offset of an action that was just replaced. */
const PROBE = DEFERRING + SIGACTION;

const memory = new ArrayBuffer(PROBE + SIGACTION);
const bytes = new DataView(memory);
/** The handler. It takes the signal's number, may run at any instruction of any thread, and has the signal ignored. */
let ignoreFromNow: number | undefined;

let isHolding = false;

/**
 * Runs `section`, during which SIGTERM, SIGINT and the like don't end the process; one that came meanwhile takes its
 * effect right afterwards. Blocking them in this thread would not do: the kernel hands a process's signal to any of
 * Node's other threads, and the default action ends them all. So each gets a handler that does nothing but have
 * the signal ignored from then on, however often it comes; that it is ignored tells us that it came.
 * Workers hold nothing: two threads that swap the process's handlers would undo each other. May be nested.
 */
export function holdingSignals<T>(section: () => T): T {
  if (isHolding || !isMainThread) return section();
  ignoreFromNow ??= findHandler();
  if (ignoreFromNow === 0) return section();
  isHolding = true;
  const saved = libc.addressOf(memory);
  SIGNALS.forEach((signal, i) => {
    libc.sigaction(signal, saved + DEFERRING, saved + i * SIGACTION);
  });
  try {
    return section();
  } finally {
    isHolding = false;
    SIGNALS.forEach((signal, i) => {
      libc.sigaction(signal, saved + i * SIGACTION, saved + PROBE);
      if (bytes.getBigUint64(PROBE, true) === SIG_IGN) process.kill(process.pid, signal);
    });
  }
}

/** Its address, also written where `sigaction` gets it from; 0 in a libc without it. */
function findHandler(): number {
  const address = libc.dlsym(0, 'sigignore');
  bytes.setBigUint64(DEFERRING, BigInt(address), true);
  bytes.setUint32(DEFERRING + FLAGS, SA_RESTART, true);
  return address;
}

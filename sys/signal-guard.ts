import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import * as libc from './libc.js';

const { SIGHUP, SIGINT, SIGQUIT, SIGUSR2, SIGALRM, SIGTERM, SIGXCPU, SIGVTALRM, SIGIO, SIGPWR } =
  constants.signals;
/** Signals that end a Node process and that can be held up: not SIGKILL. */
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

/** Offset of the action that the signals get during the section, behind the saved actions. */
const DEFERRING = SIGNALS.length * SIGACTION;
/** Offset of the action that was just replaced. */
const PROBE = DEFERRING + SIGACTION;

const memory = new ArrayBuffer(PROBE + SIGACTION);
const bytes = new DataView(memory);
/** Address of the handler, `sigignore`: it makes the process ignore the signal, and may run at any instruction of any thread. */
let ignoreFromNow: number | undefined;

let isHolding = false;

/**
 * Runs `section`, during which SIGTERM, SIGINT and the like don't end the process; a signal that came meanwhile is sent
 * again right afterwards. Blocking the signals in this thread would not be enough: the kernel delivers a process's signal
 * to any of Node's other threads, and the default action ends them all. So each signal gets a handler that makes the
 * process ignore it from then on: a signal that is ignored after the section came during it.
 * In a worker this only runs the section: two threads that replace the process's handlers would undo each other's work.
 * Calls may be nested.
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

/** Returns the handler's address, 0 in a libc without it, and writes it where `sigaction` reads it. */
function findHandler(): number {
  const address = libc.dlsym(0, 'sigignore');
  bytes.setBigUint64(DEFERRING, BigInt(address), true);
  bytes.setUint32(DEFERRING + FLAGS, SA_RESTART, true);
  return address;
}

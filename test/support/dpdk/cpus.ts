// The processors that this process may run on: EAL refuses others.
import { readFileSync } from 'node:fs';

/** The n-th of them, or the last one where there are fewer. */
export function nthCpu(n: number): number {
  const cpus = allowedCpus();
  return cpus[Math.min(n, cpus.length - 1)] ?? 0;
}

export function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

import { readFileSync } from 'node:fs';
import type { PeerRole } from './build.js';
import type { FakeDevice } from './fake-devices.js';
import { findHugepages } from './hugepages.js';

// The processors that this process may run on: EAL refuses others.

/** The n-th of these processors, or the last one when there are fewer. */
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

// EAL's command line for a program under test.

export interface EalOptions {
  readonly role?: PeerRole;
  readonly filePrefix: string;
  /** false: `--no-huge`. A C secondary can't attach to such a primary. */
  readonly hugepages?: boolean;
  /** `-m`; 16 by default. */
  readonly memoryMb?: number;
  /** The n-th processor that this process may use; 0 by default. */
  readonly core?: number;
  /** `--proc-type`; the role by default. */
  readonly procType?: 'auto';
  /** A fake device besides virtual ones; none by default. */
  readonly device?: FakeDevice;
  /** More arguments. */
  readonly args?: readonly string[];
}

const MEMORY_MB = 16;

export function ealArgs(options: EalOptions): string[] {
  return [
    ...['-l', String(nthCpu(options.core ?? 0))],
    ...(options.device?.isPci === true ? [] : ['--no-pci']),
    '--no-telemetry',
    ...['--proc-type', options.procType ?? options.role ?? 'primary'],
    ...['--file-prefix', options.filePrefix],
    ...['-m', String(options.memoryMb ?? MEMORY_MB)],
    ...pageArgs(options),
    ...(options.args ?? []),
  ];
}

function pageArgs({ hugepages = true, role }: EalOptions): string[] {
  if (!hugepages) return ['--no-huge'];
  const found = findHugepages();
  if (found !== undefined) return ['--huge-dir', found.dir];
  // a secondary takes its pages from where its primary says
  if (role === 'secondary') return [];
  throw new Error('No hugetlbfs is mounted: say needsDpdk(this, { hugepages: 8 }), or hugepages: false.');
}

import type { Command } from 'commander';
import { didYouMean } from '../../protocol/did-you-mean.js';
import { MpError } from '../../protocol/errors.js';
import { attachMemory } from '../../shm/attach/attach.js';
import type { Memzone } from '../../shm/attach/memzone.js';
import type { SharedMemory } from '../../shm/attach/shared-memory.js';
import { type PrefixOptions, parseBytes, withPrefix } from './options.js';

/** Options of commands that read a part of a memzone. */
export interface RangeOptions extends PrefixOptions {
  readonly offset: number;
  readonly length?: number;
  readonly hugeDir?: string;
  readonly unlinked?: boolean;
  readonly stale?: boolean;
}

/** Adds the options that say where the primary is and how to map its pages. */
export function withMemory(command: Command): Command {
  return withPrefix(command)
    .option('--huge-dir <dir>', 'where hugetlbfs is mounted here, if not where the primary has it')
    .option('--stale', 'look at what a dead primary left')
    .option('--unlinked', "map pages without a name (--huge-unlink) through the primary's descriptors");
}

/** Adds the argument `<zone>`, `--offset`, `--length`, and the options of {@link withMemory}. */
export function withRange(command: Command): Command {
  return withMemory(command.argument('<zone>', 'its name'))
    .option('--offset <bytes>', 'where to begin: 64, 0x40, 4k, 2M', parseBytes, 0)
    .option('--length <bytes>', 'how many bytes (default: to the end)', parseBytes);
}

export function attach(options: Omit<RangeOptions, 'offset'>, writable = false): SharedMemory {
  const { filePrefix, runtimeDir, hugeDir, unlinked, stale } = options;
  return attachMemory({ filePrefix, runtimeDir, hugeDir, unlinked, stale, writable });
}

/** Looks a zone up and copies a part of it. */
export function readZone(
  memory: SharedMemory,
  name: string,
  range: { offset: number; length?: number | undefined },
) {
  const zone = zoneNamed(memory, name);
  const { offset, length = zone.len - offset } = range;
  if (offset + length > zone.len || length <= 0) throw outside(zone, offset, length);
  return { zone, bytes: memory.snapshot(zone, { offset, length }) };
}

/** Throws `EINVAL` with the names that are like it. */
function zoneNamed(memory: SharedMemory, name: string): Memzone {
  const zone = memory.lookup(name);
  if (zone !== undefined) return zone;
  const names = memory.memzones().map((known) => known.name);
  const hint = didYouMean(name, names) ?? listOf(names);
  throw new MpError('EINVAL', `The primary has no memzone '${name}': ${hint}`);
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'it has no memzones';
  return names.length > 8 ? `it has ${names.length} others, see memzone ls` : `it has ${names.join(', ')}`;
}

function outside({ name, len }: Memzone, offset: number, length: number): MpError {
  return new MpError(
    'ERANGE',
    `${length} bytes at ${offset} are not within the ${len} bytes of memzone '${name}': give another --offset or --length`,
  );
}

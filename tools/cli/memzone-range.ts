import type { Command } from 'commander';
import { MpError } from '../../protocol/errors.js';
import { attachMemory } from '../../shm/attach/attach.js';
import type { Memzone } from '../../shm/attach/memzone.js';
import type { SharedMemory } from '../../shm/attach/shared-memory.js';
import { didYouMean } from '../instances/did-you-mean.js';
import { type PlaceOptions, parseBytes, withPlace } from './options.js';

/** A part of a zone. */
export interface RangeOptions extends PlaceOptions {
  readonly offset: number;
  readonly length?: number;
  readonly hugeDir?: string;
  readonly unlinked?: boolean;
  readonly stale?: boolean;
  readonly json?: boolean;
}

/** Adds where the primary is and how to get at its pages. */
export function withMemory(command: Command): Command {
  return withPlace(command)
    .option('--huge-dir <dir>', 'where hugetlbfs is mounted here, if not where the primary has it')
    .option('--stale', 'look at what a dead primary left')
    .option('--unlinked', "map pages without a name (--huge-unlink) through the primary's descriptors");
}

/** Adds the zone's name, `--offset` and `--length`. */
export function withRange(command: Command): Command {
  return withMemory(command.argument('<zone>', 'its name'))
    .option('--offset <bytes>', 'where to begin: 64, 0x40, 4k, 2M', parseBytes, 0)
    .option('--length <bytes>', 'how many bytes (default: to the end)', parseBytes);
}

export function attach(options: Omit<RangeOptions, 'offset'>, writable = false): SharedMemory {
  const { filePrefix, runtimeDir, hugeDir, unlinked, stale } = options;
  return attachMemory({ filePrefix, runtimeDir, hugeDir, unlinked, stale, writable });
}

/** The zone and a copy of the part of it that was asked for. */
export function copyOf(
  memory: SharedMemory,
  name: string,
  range: { offset: number; length?: number | undefined },
) {
  const zone = zoneNamed(memory, name);
  const { offset, length = zone.len - offset } = range;
  if (offset + length > zone.len || length <= 0) throw outside(zone, offset, length);
  return { zone, bytes: memory.snapshot(zone, { offset, length }) };
}

/** Throws `EINVAL` with the names that it may have been. */
function zoneNamed(memory: SharedMemory, name: string): Memzone {
  const zone = memory.lookup(name);
  if (zone !== undefined) return zone;
  const names = memory.memzones().map((known) => known.name);
  const hint = didYouMean(name, names) ?? listOf(names);
  throw new MpError('EINVAL', `The primary has no memzone '${name}': ${hint}`);
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'it has none at all';
  return names.length > 8 ? `it has ${names.length} others, see memzone ls` : `it has ${names.join(', ')}`;
}

function outside({ name, len }: Memzone, offset: number, length: number): MpError {
  return new MpError(
    'ERANGE',
    `${length} bytes at ${offset} are not within the ${len} bytes of memzone '${name}': give another --offset or --length`,
  );
}

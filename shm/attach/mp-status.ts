import { MAX_CHANNELS } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { systemError } from '../../sys/errors.js';
import { recordLockOn } from '../../sys/file-lock.js';
import { chooseLayout, isComplete } from '../layout/mem-config.js';
import { VERSION_OFFSET } from '../layout/releases.js';
import { ConfigPage, SharedFile } from './shared-file.js';

// enum mp_status (eal_memcfg.h)
const UNKNOWN = 0;
const DISABLED = 1;
const ENABLED = 2;

/** State of multi-process; `'absent'`: there is no living, complete primary of a release with such a status (20.08 and later). */
export type MultiProcessStatus = 'enabled' | 'disabled' | 'absent';

/**
 * Marks multi-process as in use in the shared configuration, as a C secondary does when it attaches [`__rte_mp_enable`,
 * eal_common_proc.c], unless the primary has disabled it. Returns `'disabled'` then: a C secondary could not
 * start. Writes one byte of `config`, and only if its layout is known and the primary is alive.
 *
 * Throws `EACCES` (another user's), `EVERSION`, `ELAYOUT`.
 */
export function enableMultiProcess(configPath: string): MultiProcessStatus {
  const status = exchangeStatus(configPath, ENABLED);
  if (status === undefined) return 'absent';
  return status === DISABLED ? 'disabled' : 'enabled';
}

/**
 * Disables multi-process, so that C secondaries can't start [`rte_mp_disable`]. Returns true if it is disabled now, by
 * this call or before; false where a secondary has attached at any time, this process included, and where there is no
 * living primary of 20.08 or later. Throws what {@link enableMultiProcess} throws.
 */
export function disableMultiProcess(configPath: string): boolean {
  return exchangeStatus(configPath, DISABLED) === DISABLED;
}

/** Whether the living primary of this `config` has disabled multi-process. Throws what {@link enableMultiProcess} throws. */
export function isMultiProcessDisabled(configPath: string): boolean {
  return withConfig(configPath, (config) => readStatus(config)?.status === DISABLED) ?? false;
}

/** Sets the status unless a process has set it before; returns the status. */
function exchangeStatus(path: string, desired: number): number | undefined {
  return withConfig(path, (config) => {
    const found = readStatus(config);
    if (found === undefined || found.status !== UNKNOWN) return found?.status; // set once and never changed
    if (!config.writable) throw readOnly(path);
    const page = ConfigPage.map(config);
    try {
      const before = Atomics.compareExchange(page.bytes, found.offset, UNKNOWN, desired);
      return before === UNKNOWN ? desired : before;
    } finally {
      page.close();
    }
  });
}

/** Runs `use` on an open `config`; `undefined` where there is none. */
function withConfig<T>(path: string, use: (config: SharedFile) => T): T | undefined {
  let config: SharedFile;
  try {
    config = SharedFile.openWritable(path);
  } catch (error) {
    if (error instanceof MpError && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return use(config);
  } finally {
    config.close();
  }
}

/** Reads the status, and where it is, from a `config` whose size, version and content agree on a layout. */
function readStatus(config: SharedFile): { offset: number; status: number } | undefined {
  const owner = recordLockOn(config.fd);
  if (typeof owner === 'number') throw systemError('fcntl', owner, config.path);
  if (owner === undefined) return undefined; // a dead primary's file stays as it is
  const bytes = config.read(Buffer.alloc(config.size), 0);
  if (bytes.length < VERSION_OFFSET + 4 || !isComplete(bytes)) return undefined; // still starting
  if (bytes.readUInt32LE(VERSION_OFFSET) <= MAX_CHANNELS) return undefined; // before 19.08: no status either
  const offset = chooseLayout(bytes, config.path).offsets.mpStatus;
  return offset === undefined ? undefined : { offset, status: bytes.readUInt8(offset) };
}

function readOnly(path: string): MpError {
  return new MpError('EACCES', `${path} is not writable: run as the primary's user, or as root`, {
    path,
  });
}

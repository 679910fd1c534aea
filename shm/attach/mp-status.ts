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

/** `'absent'`: there is no living, complete primary of a release with such a status (20.08 and later). */
export type MultiProcessStatus = 'enabled' | 'disabled' | 'absent';

/**
 * What a C secondary does when it attaches [`__rte_mp_enable`, eal_common_proc.c]: says in the shared
 * configuration that multi-process is in use, unless the primary has ruled that out. `'disabled'`: it has, and a C
 * secondary would be refused. One byte of `config` is written to, and that only if its layout is one that we know and the
 * primary is alive.
 *
 * Throws `EACCES` (other user), `EVERSION`, `ELAYOUT`.
 */
export function enableMultiProcess(configPath: string): MultiProcessStatus {
  const status = exchangeStatus(configPath, ENABLED);
  if (status === undefined) return 'absent';
  return status === DISABLED ? 'disabled' : 'enabled';
}

/**
 * Rules multi-process out, so that C secondaries are refused [`rte_mp_disable`]. True if it is ruled out now, by this call
 * or before; false where a secondary has attached at any time, this process included, and where there is no living
 * primary of 20.08 or later. Throws as {@link enableMultiProcess}.
 */
export function disableMultiProcess(configPath: string): boolean {
  return exchangeStatus(configPath, DISABLED) === DISABLED;
}

/** Whether the living primary of this `config` refuses C secondaries. Changes nothing. Throws as {@link enableMultiProcess}. */
export function isMultiProcessDisabled(configPath: string): boolean {
  const config = openConfig(configPath);
  if (config === undefined) return false;
  try {
    return readStatus(config)?.status === DISABLED;
  } finally {
    config.close();
  }
}

/** Sets the status if nobody has yet; returns what it is then. */
function exchangeStatus(path: string, desired: number): number | undefined {
  const config = openConfig(path);
  if (config === undefined) return undefined;
  try {
    const found = readStatus(config);
    if (found === undefined || found.status !== UNKNOWN) return found?.status; // only ever set once
    if (!config.writable) throw readOnly(path);
    const page = ConfigPage.map(config);
    try {
      const before = Atomics.compareExchange(page.bytes, found.offset, UNKNOWN, desired);
      return before === UNKNOWN ? desired : before;
    } finally {
      page.close();
    }
  } finally {
    config.close();
  }
}

function openConfig(path: string): SharedFile | undefined {
  try {
    return SharedFile.openWritable(path);
  } catch (error) {
    if (error instanceof MpError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The status and where it is, once size, version and content agree on a layout. */
function readStatus(config: SharedFile): { offset: number; status: number } | undefined {
  const owner = recordLockOn(config.fd);
  if (typeof owner === 'number') throw systemError('fcntl', owner, config.path);
  if (owner === undefined) return undefined; // dead: what it left isn't for us to change
  const bytes = config.read(Buffer.alloc(config.size), 0);
  if (bytes.length < VERSION_OFFSET + 4 || !isComplete(bytes)) return undefined; // still starting
  if (bytes.readUInt32LE(VERSION_OFFSET) <= MAX_CHANNELS) return undefined; // before 19.08: no status either
  const offset = chooseLayout(bytes, config.path).offsets.mpStatus;
  return offset === undefined ? undefined : { offset, status: bytes.readUInt8(offset) };
}

function readOnly(path: string): MpError {
  return new MpError('EACCES', `${path} can't be written to: run as the primary's user, or as root`, {
    path,
  });
}

import { constants, fstatSync, openSync, readSync } from 'node:fs';
import { closeFile } from '../../sys/close-file.js';
import { type RecordLock, recordLockOn } from '../../sys/file-lock.js';

/** `RTE_MAGIC` (eal_memcfg.h): the primary stores it once its initialisation is complete. */
const RTE_MAGIC = 19820526;
/** A link would lead elsewhere; opening a pipe would wait for its writer. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const HEAD_SIZE = 8; // struct rte_mem_config: uint32_t magic, version

/** What a primary's `config` file tells without being mapped. */
export interface ConfigHead {
  /** Initialisation is complete. It stays so after the primary's death. */
  readonly complete: boolean;
  /** `rte_mem_config.version`; the number of memory channels before 19.08. */
  readonly versionWord: number;
  /** The lock that a C primary holds for as long as it lives. */
  readonly lock: RecordLock | undefined;
}

/** Reads the head of `config`; `undefined` where there is no such file, or none that long. Throws as `fs` does. */
export function readConfigHead(path: string): ConfigHead | undefined {
  let fd: number;
  try {
    fd = openSync(path, OPEN_FLAGS);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const head = Buffer.alloc(HEAD_SIZE);
    if (!fstatSync(fd).isFile()) return undefined;
    if (readSync(fd, head, 0, HEAD_SIZE, 0) < HEAD_SIZE) return undefined;
    const lock = recordLockOn(fd);
    return {
      complete: head.readUInt32LE(0) === RTE_MAGIC,
      versionWord: head.readUInt32LE(4),
      lock: typeof lock === 'number' ? undefined : lock,
    };
  } finally {
    closeFile(fd);
  }
}

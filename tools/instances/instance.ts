import type { DialectId } from '../../protocol/dialect.js';
import type { ProcessFacts } from '../../sys/process-facts.js';
import type { Answer } from './ask.js';

/**
 * - `running`: a primary has its lock on `config`, or is bound to `mp_socket` where there is no such file (Node)
 * - `starting`: it has the lock, and its initialisation isn't complete
 * - `dead`: only its files are left
 * - `private`: it shares nothing (`--in-memory`, `--no-shconf`): no IPC and no memory for anybody else
 */
export type InstanceState = 'running' | 'starting' | 'dead' | 'private';

/** A socket of a secondary, `mp_socket_<pid>_<hex>`. */
export interface SecondarySocket {
  readonly path: string;
  /** From its name: of the secondary's own pid namespace. */
  readonly pid: number | undefined;
}

/** What runs, or ran, under one file prefix of one runtime directory. */
export interface Instance {
  readonly filePrefix: string;
  /** What holds `<filePrefix>/mp_socket`, as the primary spells it where that is known. */
  readonly runtimeDir: string;
  readonly state: InstanceState;
  /** The release, such as `'22.11.11'`; `undefined` without a `config` file. */
  readonly version: string | undefined;
  /** `undefined`: not known, so nothing must be sent there. */
  readonly dialect: DialectId | undefined;
  /** `undefined`: dead, or in another pid namespace. */
  readonly primary: ProcessFacts | undefined;
  /** Whom the files belong to. */
  readonly owner: string | undefined;
  readonly secondaries: {
    readonly alive: readonly SecondarySocket[];
    /** Left behind by processes that died. */
    readonly stale: readonly SecondarySocket[];
  };
  /** What it did with a harmless request; `undefined`: it wasn't asked, see `state` and `dialect`. */
  readonly ipc: Answer | undefined;
}

/** A directory that may hold instances, which isn't ours to read. */
export interface UnreadableDir {
  readonly path: string;
  readonly owner: string | undefined;
}

export interface Instances {
  readonly instances: readonly Instance[];
  readonly unreadable: readonly UnreadableDir[];
}

/** Whether its primary runs, or is about to. */
export function isAlive({ state }: Instance): boolean {
  return state === 'running' || state === 'starting';
}

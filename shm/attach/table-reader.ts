import { setTimeout as delay } from 'node:timers/promises';
import { LockWait, POLLS } from '../locks/lock-wait.js';
import type { Look, TableLock } from '../locks/table-lock.js';
import type { Attachment } from './attachment.js';
import type { FbarrayCopy } from './fbarray-file.js';

/** How to wait for a lock. */
export interface Waiting {
  readonly lockTimeoutMs: number;
  readonly whileWaiting: (ms: number) => void;
}

/** As in `struct rte_mem_config`. */
const MLOCK = 'mlock';

const MEMZONE_TABLE: Pick<Look<FbarrayCopy>, 'isSame'> = { isSame: (a, b) => a.equals(b) };

/** Reads the primary's tables once their locks are free, up to a deadline: `ETIMEDOUT`. */
export class TableReader {
  readonly #attachment: Attachment;
  readonly #waiting: Waiting;

  constructor(attachment: Attachment, waiting: Waiting) {
    this.#attachment = attachment;
    this.#waiting = waiting;
  }

  /** What `parse` makes of the table of memzones. Blocks while a C process has the lock. */
  memzones<T>(parse: (copy: FbarrayCopy) => T): T {
    return parse(this.look(this.#attachment.mlock, MLOCK, this.#memzoneLook()));
  }

  /** The same without blocking. */
  async memzonesAsync<T>(parse: (copy: FbarrayCopy) => T): Promise<T> {
    const wait = this.#waitFor(MLOCK, 0);
    const look = this.#memzoneLook();
    for (;;) {
      this.#attachment.requireUsable();
      const found = this.#attachment.mlock.tryLook(look);
      if (found !== undefined) return parse(found.result);
      await delay(wait.next());
    }
  }

  /** Looks at tables that this lock guards, `name` being what C calls it. */
  look<T>(lock: TableLock, name: string, look: Look<T>): T {
    this.#attachment.requireUsable();
    const wait = this.#waitFor(name, POLLS);
    for (;;) {
      const found = lock.tryLook(look);
      if (found !== undefined) return found.result;
      const ms = wait.next();
      if (ms === 0) continue;
      this.#waiting.whileWaiting(ms);
      this.#attachment.requireUsable(); // nobody releases a dead primary's lock
    }
  }

  #memzoneLook(): Look<FbarrayCopy> {
    return { ...MEMZONE_TABLE, copy: (which) => this.#attachment.memzones.copy(which) };
  }

  #waitFor(name: string, polls: number): LockWait {
    return new LockWait(name, this.#attachment.path, this.#waiting.lockTimeoutMs, polls);
  }
}

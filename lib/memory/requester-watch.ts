import { MpError } from '../../protocol/errors.js';
import type { PrimarySpace } from '../../shm/heap/interface.js';
import { MAX_HEAPS } from '../../shm/layout/releases.js';
import { OrphanedLocks } from '../../shm/locks/orphaned-locks.js';
import { nowMs } from '../../sys/clock.js';

/** How often the locks of a requester are looked at. */
const LOOK_MS = 20;

export interface RequesterWatchOptions {
  readonly space: PrimarySpace;
  /** Whether a process has its socket at this path. */
  readonly isAlive: (path: string) => boolean;
  /** Somebody waits for our answer, or this process itself changes memory. */
  readonly isBusy: () => boolean;
  readonly onWarning: (warning: MpError) => void;
}

interface Watched {
  readonly path: string;
  readonly locks: OrphanedLocks;
  isDead: boolean;
}

/** Keeps an eye on the secondaries that were answered, until they have let go of their locks: some die before that. */
export class RequesterWatch {
  readonly #options: RequesterWatchOptions;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RequesterWatchOptions) {
    this.#options = options;
  }

  /** @param heap index of the heap that it asked for */
  add(path: string, heap: number): void {
    const { layout, config } = this.#options.space;
    if (!(heap >= 0 && heap < MAX_HEAPS)) return; // it was refused at once
    this.#watched.add({ path, locks: new OrphanedLocks({ layout, config, heap }), isDead: false });
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** Also for a thread that is blocked by such a lock itself, and whose timers don't run. */
  look(): void {
    for (const one of this.#watched) if (!this.#isWorthWatching(one)) this.#watched.delete(one);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  #isWorthWatching(one: Watched): boolean {
    const { isAlive, isBusy, onWarning } = this.#options;
    if (!one.isDead && one.locks.isOver) return false;
    one.isDead ||= !isAlive(one.path);
    if (!one.isDead) return true;
    const released = one.locks.look(nowMs(), isBusy());
    if (released === undefined) return false;
    for (const name of released) onWarning(orphaned(one.path, name));
    return true;
  }
}

function orphaned(path: string, name: string): MpError {
  return new MpError(
    'EOWNERDEAD',
    `The secondary of ${path} died while it waited for memory, holding ${name}: it was released, and the others go on`,
    { path },
  );
}

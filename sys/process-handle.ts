import * as libc from './libc.js';
import { adoptByThread, closeAdopted } from './owned-fd.js';
import { isReadable } from './poll.js';

/** One life of a process: unlike a pid, it never means another one. */
export class ProcessHandle {
  readonly #fd: number;
  #isOpen = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** `-errno`: `-ESRCH` for no such process, `-ENOSYS` before Linux 5.3. */
  static open(pid: number): ProcessHandle | number {
    const fd = libc.pidfdOpen(pid);
    const adopted = fd < 0 ? fd : adoptByThread(fd);
    return adopted < 0 ? adopted : new ProcessHandle(adopted);
  }

  /** Asked with one system call; false once closed. */
  get isAlive(): boolean {
    return this.#isOpen && !isReadable(this.#fd);
  }

  /** Harmless when done twice. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeAdopted(this.#fd);
  }
}

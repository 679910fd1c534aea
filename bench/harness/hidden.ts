import { renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * Takes a secondary out of the primary's sight while it goes on living: a broadcast goes to the names in the directory,
 * and a socket answers to the name that it has bound, wherever that file is.
 */
export class Hidden {
  readonly #path: string;
  readonly #hidden: string;
  #isHidden = false;

  constructor(socketPath: string) {
    this.#path = socketPath;
    this.#hidden = `${dirname(socketPath)}/bench_hidden_${basename(socketPath)}`;
    this.hide();
  }

  show(): void {
    if (this.#isHidden) renameSync(this.#hidden, this.#path);
    this.#isHidden = false;
  }

  hide(): void {
    if (!this.#isHidden) renameSync(this.#path, this.#hidden);
    this.#isHidden = true;
  }
}

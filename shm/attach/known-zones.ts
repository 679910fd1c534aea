import type { Memzone } from './memzone.js';

/** More names than a table has (RTE_MAX_MEMZONE, 2560): beyond, those that nobody holds any more are forgotten. */
const MANY = 4096;

/**
 * The zones that somebody still holds, by name, so that looking one up again need not search the table. A zone is held
 * by whoever has it, or any array over its bytes; this keeps neither.
 */
export class KnownZones {
  readonly #zones = new Map<string, WeakRef<Memzone>>();

  /** The one of this name, if it is still valid. */
  get(name: string): Memzone | undefined {
    const zone = this.#zones.get(name)?.deref();
    return zone?.valid === true ? zone : undefined;
  }

  add(zone: Memzone): Memzone {
    if (this.#zones.size >= MANY) this.#forgetCollected();
    this.#zones.set(zone.name, new WeakRef(zone));
    return zone;
  }

  #forgetCollected(): void {
    for (const [name, zone] of this.#zones) if (zone.deref() === undefined) this.#zones.delete(name);
  }
}

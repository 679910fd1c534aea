// Random datagrams: valid ones, valid ones with a change, and noise of any length.
import type { Random } from './random.js';
import { IGN, MSG, NAME_LENGTH, PARAM_LENGTH, putInt32, REP, REQ, type Wire } from './wire.js';

/** Numbers at the limits of fields. */
const EDGES = [-1, 0, 1, 7, 8, 9, 63, 64, 252, 253, 254, 255, 256, 257, 332, 340, 0x7fffffff, -0x80000000];
const LENGTHS = [0, 1, 4, 8, 67, 68, 331, 332, 333, 339, 340, 341, 364, 511, 512, 513, 1344, 4096];
/** The kernel's limit for one message (SCM_MAX_FD). */
const MOST_FDS = 253;

/** A datagram to send; `bytes` is valid until the next one is generated. */
export interface Generated {
  readonly bytes: Uint8Array;
  readonly fdCount: number;
  /** How many SCM_RIGHTS messages carry the descriptors. */
  readonly parts: 1 | 2;
}

export class Generator {
  readonly #random: Random;
  readonly #wire: Wire;
  readonly #names: readonly string[];
  readonly #memory = Buffer.alloc(8192);

  /** @param names those that valid messages have */
  constructor(random: Random, wire: Wire, names: readonly string[]) {
    this.#random = random;
    this.#wire = wire;
    this.#names = names;
  }

  next(): Generated {
    const random = this.#random;
    const kind = random.below(16);
    if (kind < 5) return this.#valid();
    if (kind < 9) return this.#damaged(this.#valid());
    if (kind < 11) return this.#otherFds(this.#valid());
    if (kind < 13) return this.#noise(this.#wire.length);
    if (kind === 13) return this.#cut(this.#valid());
    return this.#noise(random.oneIn(2) ? random.pick(LENGTHS) : random.below(2000));
  }

  /** A valid datagram, with garbage where C leaves garbage. */
  #valid(): Generated {
    const random = this.#random;
    const { length, name, lenParam, numFds, param, maxFds } = this.#wire;
    const bytes = this.#memory.subarray(0, length);
    if (random.oneIn(4)) random.fill(bytes);
    else bytes.fill(0);
    const fdCount = this.#fdCount(maxFds);
    putInt32(bytes, 0, random.oneIn(16) ? random.pick(EDGES) : random.pick([MSG, REQ, REQ, REQ, REP, IGN]));
    bytes.write(`${random.pick(this.#names)}\0`, name, 'utf8');
    putInt32(
      bytes,
      lenParam,
      random.oneIn(4) ? random.pick([0, 1, 255, 256]) : random.below(PARAM_LENGTH + 1),
    );
    putInt32(bytes, numFds, fdCount);
    if (random.oneIn(2)) random.fill(bytes.subarray(param, param + 16));
    return { bytes, fdCount, parts: fdCount > 1 && random.oneIn(4) ? 2 : 1 };
  }

  /** Changes some words or bytes. */
  #damaged(valid: Generated): Generated {
    const random = this.#random;
    const { name, lenParam, numFds } = this.#wire;
    const { bytes } = valid;
    switch (random.below(5)) {
      case 0:
        putInt32(bytes, random.pick([0, lenParam, numFds]), random.pick(EDGES));
        break;
      case 1:
        putInt32(bytes, random.pick([0, lenParam, numFds]), random.word() | 0);
        break;
      case 2:
        random.fill(bytes.subarray(name, name + NAME_LENGTH));
        break;
      case 3:
        bytes.fill(random.below(256), name, name + random.below(NAME_LENGTH + 1));
        break;
      default:
        for (let i = random.below(8); i >= 0; i--) bytes[random.below(bytes.length)] = random.word() & 0xff;
    }
    return valid;
  }

  /** Changes the number of descriptors, so that it may differ from the announced one. */
  #otherFds({ bytes }: Generated): Generated {
    return { bytes, fdCount: this.#fdCount(MOST_FDS), parts: 1 };
  }

  #cut({ bytes, fdCount, parts }: Generated): Generated {
    return { bytes: bytes.subarray(0, this.#random.below(bytes.length + 1)), fdCount, parts };
  }

  #noise(length: number): Generated {
    const bytes = this.#memory.subarray(0, length);
    this.#random.fill(bytes);
    return { bytes, fdCount: this.#random.oneIn(8) ? this.#fdCount(MOST_FDS) : 0, parts: 1 };
  }

  /** Mostly 0, sometimes a few, rarely the maximum. */
  #fdCount(most: number): number {
    const random = this.#random;
    if (!random.oneIn(4)) return 0;
    if (random.oneIn(64)) return random.pick([most, Math.max(0, most - 1), random.below(most + 1)]);
    return random.below(Math.min(most, 12) + 1);
  }
}

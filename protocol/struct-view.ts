// Live views: objects whose properties read and write the memory that a struct or an array lies in.

import {
  memoryOf,
  pathOf,
  refusalWithin,
  type StructMemory,
  type StructType,
  throwRefusal,
} from './struct-types.js';

/** A type whose values the surroundings don't know. */
export type AnyType = StructType<unknown, never, unknown>;

/** A part of a struct, or an element of an array. */
export interface StructPart {
  /** `'packets'`; of an element `'3'`. */
  readonly key: string;
  /** How a path says it: `'packets'`, `'[3]'`. */
  readonly path: string;
  readonly type: AnyType;
  readonly offset: number;
}

/** Where a view is. Its properties are its parts alone, so that a field may have any name. */
class Live {
  readonly #memory: StructMemory;
  readonly #at: number;
  readonly #path: string;

  constructor(memory: StructMemory, at: number, path: string) {
    this.#memory = memory;
    this.#at = at;
    this.#path = path;
    Object.preventExtensions(this); // a misspelt field is a TypeError, as everywhere in a module
  }

  static accessor({ type, offset, path }: StructPart): PropertyDescriptor & ThisType<Live> {
    return {
      enumerable: true,
      get() {
        const at = this.#at + offset;
        return type.live === undefined
          ? type.read(this.#memory, at)
          : type.live(this.#memory, at, pathOf(this.#path, path));
      },
      set(value: never) {
        const refused =
          type.live === undefined
            ? type.write(this.#memory, this.#at + offset, value)
            : replace(this.#memory, this.#at + offset, type, value);
        throwRefusal(refused && refusalWithin(pathOf(this.#path, path), refused));
      },
    };
  }

  static copy(view: Live, type: AnyType): unknown {
    return type.read(view.#memory, view.#at);
  }
}

/** Replaces what lies in memory by a value of several parts, as a whole or not at all. */
function replace({ bytes }: StructMemory, at: number, type: AnyType, value: never) {
  const fresh = memoryOf(new Uint8Array(type.size));
  const refused = type.write(fresh, 0, value);
  if (refused === undefined) bytes.set(fresh.bytes, at);
  return refused;
}

/** What console.log asks an object for; by its name, because this folder runs without Node, too. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * Makes the views of a type that has parts. They are prepared at the first use: an array may have many parts, and most
 * types are never viewed.
 */
export function viewsOf(
  type: AnyType,
  parts: Iterable<StructPart>,
  more: PropertyDescriptorMap = {},
): (memory: StructMemory, at: number, path: string) => unknown {
  let Views: typeof Live | undefined;
  const prepare = () => {
    const Fresh = class extends Live {};
    const { prototype } = Fresh;
    Object.setPrototypeOf(prototype, null);
    Reflect.deleteProperty(prototype, 'constructor');
    Object.defineProperty(prototype, INSPECT, {
      value(this: Live) {
        return Live.copy(this, type);
      },
    });
    Object.defineProperties(prototype, more);
    for (const part of parts) Object.defineProperty(prototype, part.key, Live.accessor(part));
    return Fresh;
  };
  return (memory, at, path) => {
    Views ??= prepare();
    return new Views(memory, at, path);
  };
}

// Live views: objects whose properties read and write the memory that a struct or an array lies in.

import {
  memoryOf,
  pathOf,
  refusalWithin,
  type StructMemory,
  type StructType,
  throwRefusal,
} from './struct-types.js';

/** A type of any values. */
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

/** A view. Its own state is private, so that a field may have any name. */
class Live {
  readonly #memory: StructMemory;
  readonly #at: number;
  readonly #path: string;

  constructor(memory: StructMemory, at: number, path: string) {
    this.#memory = memory;
    this.#at = at;
    this.#path = path;
    Object.preventExtensions(this); // setting a misspelt field throws a TypeError
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

/** Writes a value of several parts, all of it or nothing. */
function replace({ bytes }: StructMemory, at: number, type: AnyType, value: never) {
  const fresh = memoryOf(new Uint8Array(type.size));
  const refused = type.write(fresh, 0, value);
  if (refused === undefined) bytes.set(fresh.bytes, at);
  return refused;
}

/** Name of the method that Node's console.log calls. This folder imports nothing from Node. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * Returns the function that makes the views of a type with parts. The accessors are made at its first call: an array may
 * have many parts, and most types are never viewed.
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

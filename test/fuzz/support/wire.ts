// The wire format of the protocol reference, and C's checks (read_msg, process_msg of eal_common_proc.c), written down once more:
// the code under test is compared with this, not with itself.
import type { DialectId } from '../../../protocol/index.js';

export interface Wire {
  readonly length: number;
  readonly maxFds: number;
  readonly name: number;
  readonly lenParam: number;
  readonly numFds: number;
  readonly param: number;
}

const PACKED = { length: 332, name: 4, lenParam: 68, numFds: 72, param: 76 };

export const WIRES: Readonly<Record<DialectId, Wire>> = {
  '332/8': { ...PACKED, maxFds: 8 },
  '332/253': { ...PACKED, maxFds: 253 },
  '340/253': { length: 340, maxFds: 253, name: 8, lenParam: 72, numFds: 76, param: 80 },
};

export const NAME_LENGTH = 64;
export const PARAM_LENGTH = 256;
export const [MSG, REQ, REP, IGN] = [0, 1, 2, 3] as const;

/** Why C doesn't use a datagram, or, for `'fd-count'` and `'name'`, why only this package doesn't. */
export type Flaw = 'length' | 'num-fds' | 'len-param' | 'fd-count' | 'name';

/** The reason why a datagram is refused; undefined for a well-formed one. */
export function flawOf(wire: Wire, bytes: Uint8Array, attached: number): Flaw | undefined {
  if (bytes.length !== wire.length) return 'length';
  const numFds = int32(bytes, wire.numFds);
  const lenParam = int32(bytes, wire.lenParam);
  if (numFds < 0 || numFds > wire.maxFds) return 'num-fds';
  if (lenParam < 0 || lenParam > PARAM_LENGTH) return 'len-param';
  if (numFds !== attached) return 'fd-count';
  return nameBytes(wire, bytes).length === NAME_LENGTH ? 'name' : undefined;
}

/** The name without its NUL. */
export function nameBytes(wire: Wire, bytes: Uint8Array): Uint8Array {
  const field = bytes.subarray(wire.name, wire.name + NAME_LENGTH);
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}

export function paramBytes(wire: Wire, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(wire.param, wire.param + int32(bytes, wire.lenParam));
}

/** The bytes of a message that mean something; zeros where C leaves garbage. */
export function masked(wire: Wire, bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(wire.length);
  const name = nameBytes(wire, bytes);
  result.set(bytes.subarray(0, 4));
  result.set(name, wire.name);
  result.set(bytes.subarray(wire.lenParam, wire.param), wire.lenParam);
  result.set(paramBytes(wire, bytes), wire.param);
  return result;
}

export function int32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setInt32(at, value, true);
}

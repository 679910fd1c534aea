import { encodeMessage } from '../../protocol/codec.js';
import type { Dialect } from '../../protocol/dialect.js';
import { MpType } from '../../protocol/message-type.js';

/** A datagram, right or wrong; what isn't given is right. */
export interface Parts {
  readonly type?: number;
  readonly name?: string;
  readonly param?: Uint8Array | string;
  /** `len_param` as claimed. */
  readonly lenParam?: number;
  /** `num_fds` as claimed. */
  readonly numFds?: number;
  /** All 64 bytes of the name. */
  readonly nameBytes?: Uint8Array;
  /** Cut or lengthened to this. */
  readonly length?: number;
}

/** Encodes what no sane sender would. */
export function datagramOf(dialect: Dialect, parts: Parts): Uint8Array {
  const { type = MpType.REQ, name = 'any', param = new Uint8Array(0), length = dialect.wireLength } = parts;
  const bytes = encodeMessage(dialect, MpType.REQ, { name, param });
  const view = new DataView(bytes.buffer);
  view.setInt32(dialect.offsets.type, type, true);
  if (parts.lenParam !== undefined) view.setInt32(dialect.offsets.lenParam, parts.lenParam, true);
  if (parts.numFds !== undefined) view.setInt32(dialect.offsets.numFds, parts.numFds, true);
  if (parts.nameBytes !== undefined) bytes.set(parts.nameBytes, dialect.offsets.name);
  const sized = new Uint8Array(length);
  sized.set(bytes.subarray(0, length));
  return sized;
}

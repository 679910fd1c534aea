// Wire integers are native-endian. Every platform that has both DPDK's EAL on Linux and Node (x86-64, arm64)
// is little-endian, so that is what these read and write, by shifts: no DataView per datagram.

export function putInt32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >> 8;
  bytes[offset + 2] = value >> 16;
  bytes[offset + 3] = value >> 24;
}

/** `offset` must lie inside: the length was checked before. */
export function getInt32(bytes: Uint8Array, offset: number): number {
  return (
    byteAt(bytes, offset) |
    (byteAt(bytes, offset + 1) << 8) |
    (byteAt(bytes, offset + 2) << 16) |
    (byteAt(bytes, offset + 3) << 24)
  );
}

export function byteAt(bytes: Uint8Array, offset: number): number {
  return bytes[offset] as number;
}

/** A Buffer is one. By tag rather than `instanceof`: arrays of another realm (vm, jest) are welcome too. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag] === 'Uint8Array';
}

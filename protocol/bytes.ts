// Integers on the wire are native-endian. Every platform that has both DPDK's EAL on Linux and Node (x86-64, arm64) is
// little-endian, so these functions read and write little-endian, by shifts: no DataView for each datagram.

export function putInt32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >> 8;
  bytes[offset + 2] = value >> 16;
  bytes[offset + 3] = value >> 24;
}

/** Reads an `int`. The caller has checked that all of it is inside. */
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

/** Returns true for a Buffer, too, and for arrays of another realm (vm, jest), which `instanceof` doesn't know. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag] === 'Uint8Array';
}

const encoder = new TextEncoder();
// ignoreBOM keeps a byte order mark: no byte that a peer sent is dropped
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const NOT_ASCII = 0x80;

/** Returns how many bytes `text` takes as UTF-8; -1 if it has half a surrogate pair, which UTF-8 can't express. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < NOT_ASCII) length += 1;
    else if (unit < 0x800) length += 2;
    else if (!isSurrogate(unit)) length += 3;
    else if (isPair(unit, text.charCodeAt(++i))) length += 4;
    else return -1;
  }
  return length;
}

function isSurrogate(unit: number): boolean {
  return (unit & 0xf800) === 0xd800;
}

// behind the end of the text `low` is NaN, which is no surrogate
function isPair(high: number, low: number): boolean {
  return (high & 0xfc00) === 0xd800 && (low & 0xfc00) === 0xdc00;
}

/** Writes `text` as UTF-8; the caller has checked that it fits. For short ASCII names a call of the encoder costs more. */
export function putUtf8(bytes: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= NOT_ASCII) {
      encoder.encodeInto(text, bytes.subarray(offset));
      return;
    }
    bytes[offset + i] = unit;
  }
}

/** Returns the bytes from `start` to before `end` as text; what isn't UTF-8 becomes U+FFFD. */
export function getUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = byteAt(bytes, i);
    if (byte >= NOT_ASCII) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Returns the text in a `char` array of `size` bytes at `offset`: up to its NUL, or all of it if there is none. */
export function getChars(bytes: Uint8Array, offset: number, size: number): string {
  const nul = bytes.indexOf(0, offset);
  const end = offset + size;
  return getUtf8(bytes, offset, nul < 0 || nul > end ? end : nul);
}

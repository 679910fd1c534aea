/** The namespace that the names of sockets are in; see `ChannelOptions.socketNamespace`. */
export type SocketNamespace = 'filesystem' | 'abstract';

export const AF_UNIX = 1; // sys/socket.h
/** sizeof(struct sockaddr_un), sys/un.h: the family and 108 bytes of path. */
export const SOCKADDR_UN_SIZE = 110;
/** Usable bytes of `sun_path`: the 108th is the NUL (in the abstract namespace the first one is). */
export const MAX_SOCKET_PATH = 107;
const PATH_OFFSET = 2;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Writes the `struct sockaddr_un` of `path`, which has at most {@link MAX_SOCKET_PATH} bytes. Returns its length, for
 * `namelen`.
 */
export function writeSockaddr(into: Buffer, namespace: SocketNamespace, path: string): number {
  into[0] = AF_UNIX; // sun_family, little-endian
  into[1] = 0;
  if (namespace === 'abstract') {
    into[PATH_OFFSET] = 0;
    return PATH_OFFSET + 1 + into.write(path, PATH_OFFSET + 1, MAX_SOCKET_PATH);
  }
  const written = into.write(path, PATH_OFFSET, MAX_SOCKET_PATH);
  into[PATH_OFFSET + written] = 0;
  return PATH_OFFSET + written + 1;
}

/**
 * Returns the path in a `struct sockaddr_un` of `length` bytes; `undefined` where it has none in this namespace, or one
 * that isn't UTF-8, which no string can hold.
 */
export function readSockaddr(from: Buffer, length: number, namespace: SocketNamespace): string | undefined {
  if (length <= PATH_OFFSET) return undefined; // an unbound sender: the kernel writes no path
  const isAbstract = from[PATH_OFFSET] === 0;
  if (isAbstract !== (namespace === 'abstract')) return undefined;
  const start = isAbstract ? PATH_OFFSET + 1 : PATH_OFFSET;
  const nul = isAbstract ? -1 : from.subarray(0, length).indexOf(0, start);
  try {
    return utf8.decode(from.subarray(start, nul < 0 ? length : nul));
  } catch {
    return undefined;
  }
}

/** How one thread hands datagrams to another: each becomes a datagram of a socket pair, behind its sender's path. */
import type { DatagramSocket } from '../../sys/datagram-socket.js';
import type { Datagram } from '../transport/transport.js';

/** Longer than any datagram of the protocol and any path together. */
const SCRATCH = new Uint8Array(512);
const LENGTH = 1;
/** A datagram that is cut off or too long is of no use to anybody: what is left of it is dropped as malformed. */
const LONGEST = 384;

const NOTHING = new Uint8Array(0);

/** 0 or `-errno`; the descriptors stay the caller's. */
export function forward(
  pair: DatagramSocket,
  { bytes: all, truncated, sender = '', fds }: Pick<Datagram, 'bytes' | 'truncated' | 'sender' | 'fds'>,
): number {
  const bytes = truncated ? NOTHING : all.subarray(0, LONGEST);
  const { written } = new TextEncoder().encodeInto(sender, SCRATCH.subarray(LENGTH));
  SCRATCH[0] = written;
  SCRATCH.set(bytes, LENGTH + written);
  const numbers = fds.map(({ fd }) => fd);
  return pair.send(SCRATCH.subarray(0, LENGTH + written + bytes.length), numbers);
}

/** What {@link forward} has sent, as it arrived first. */
export function forwarded(datagram: Datagram): Datagram {
  const start = LENGTH + (datagram.bytes[0] ?? 0);
  const sender = new TextDecoder().decode(datagram.bytes.subarray(LENGTH, start));
  return { ...datagram, bytes: datagram.bytes.subarray(start), sender: sender === '' ? undefined : sender };
}

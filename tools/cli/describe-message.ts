import type { ReceivedMessage } from '../../lib/messages/message.js';
import { linkOf, textOf } from '../../sys/process-facts.js';
import { asText, hexdump, toHex } from './hexdump.js';
import { visible } from './output.js';

/** A received message, for `--json`. */
export interface MessageRecord {
  readonly name: string;
  readonly length: number;
  readonly hex: string;
  /** If it is one: see `asText`. */
  readonly text: string | undefined;
  readonly fds: readonly FdRecord[];
}

/** A received descriptor, while it is open. */
interface FdRecord {
  readonly fd: number;
  /** What /proc/self/fd says: a path, `pipe:[123]`, `socket:[123]`. */
  readonly target: string;
  readonly access: 'read-only' | 'write-only' | 'read-write' | 'unknown';
}

export function recordOf({ name, param, fds }: ReceivedMessage): MessageRecord {
  return { name, length: param.length, hex: toHex(param), text: asText(param), fds: fds.map(fdRecord) };
}

/** For people: a text as it is, other bytes as a hexdump, a line for each descriptor. */
export function describeBody(param: Uint8Array, fds: readonly number[]): string {
  const body = asText(param) ?? (param.length === 0 ? '(empty)' : hexdump(param));
  return [body, ...fds.map(fdRecord).map(describeFd)].join('\n');
}

function describeFd({ fd, target, access }: FdRecord): string {
  return `descriptor ${fd}: ${visible(target)} (${access})`;
}

function fdRecord(fd: number): FdRecord {
  return { fd, target: linkOf(`/proc/self/fd/${fd}`) ?? 'unknown', access: accessOf(fd) };
}

const ACCESS = ['read-only', 'write-only', 'read-write'] as const;

/** The lowest two bits of the flags, which are octal in /proc. */
function accessOf(fd: number): FdRecord['access'] {
  const flags = /^flags:\s+([0-7]+)/m.exec(textOf(`/proc/self/fdinfo/${fd}`) ?? '')?.[1];
  return (flags === undefined ? undefined : ACCESS[Number.parseInt(flags, 8) & 3]) ?? 'unknown';
}

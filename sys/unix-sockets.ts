import { textOf } from './process-facts.js';

/** A Unix socket bound to a path by some process of this network namespace. */
export interface BoundSocket {
  /** As its owner spelled it, in its own mount namespace. */
  readonly path: string;
  /** The socket's, as in `/proc/<pid>/fd`; not that of the file. */
  readonly inode: string;
}

/** Lines of /proc/net/unix are `Num RefCount Protocol Flags Type St Inode Path`; abstract names begin with `@`. */
const LINE = /^(?:\S+ +){6}(\d+) (\/.*)$/;

/** The sockets that are bound right now; those of other network namespaces aren't listed. */
export function boundSockets(): BoundSocket[] {
  return (textOf('/proc/net/unix') ?? '').split('\n').flatMap((line) => {
    const [, inode, path] = LINE.exec(line) ?? [];
    return inode === undefined || path === undefined ? [] : [{ inode, path }];
  });
}

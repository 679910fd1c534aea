import { linkOf, textOf } from './process-facts.js';

/** A line of /proc/<pid>/mountinfo. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** Of its file system, `major:minor` in decimal: btrfs tells another one in `stat`. */
  readonly device: string;
}

/** `36 35 98:0 /root /point options [optional…] - type source super-options`. */
const LINE = /^\d+ \d+ (\S+) \S+ (\S+) .* - (\S+) /;

/** What is mounted in our mount namespace, in the order in which it was; a later one hides an earlier one. */
export function mounts(): Mount[] {
  return (textOf('/proc/self/mountinfo') ?? '').split('\n').flatMap((line) => {
    const [, device, point, type] = LINE.exec(line) ?? [];
    if (device === undefined || point === undefined || type === undefined) return [];
    return [{ point: unescapePath(point), type, device }];
  });
}

/** The mounts at the mount point that `path` is in: the last one is what is seen there. */
export function mountsAt(path: string, all = mounts()): Mount[] {
  const points = all.map(({ point }) => point).filter((point) => isWithin(path, point));
  const nearest = points.reduce((longest, point) => (point.length > longest.length ? point : longest), '');
  return all.filter(({ point }) => point === nearest);
}

function isWithin(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

/** The kernel writes a blank as \040 and the like. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Whether a process sees other mounts than we; `undefined` where that isn't ours to know. */
export function isInOtherMountNamespace(pid: number): boolean | undefined {
  const theirs = linkOf(`/proc/${pid}/ns/mnt`);
  return theirs === undefined ? undefined : theirs !== linkOf('/proc/self/ns/mnt');
}

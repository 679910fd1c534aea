// Which record describes a release: differences between releases are data.

/** What holds since a release, until the next entry: version words (`RTE_VERSION_NUM` of rte_version.h) in order. */
export type Changes<T> = readonly [first: T, ...later: (readonly [since: number, record: T])[]];

/** The record of a primary's version word; see `dialectOf` for where to get it. */
export function recordOf<T>([first, ...later]: Changes<T>, versionWord: number): T {
  return later.findLast(([since]) => versionWord >= since)?.[1] ?? first;
}

// The DPDK releases that suites run against one after the other: one for each wire dialect.

/** '332/8' and layout family A; '332/253' and family B; '340/253' and family B. */
export const ALL_RELEASES = ['22.11', '24.11', '25.11'] as const;

export type Release = (typeof ALL_RELEASES)[number];

/** The releases to test: all, or those in DPDK_IPC_RELEASES=22.11,24.11. */
export const RELEASES: readonly Release[] = releasesIn(process.env.DPDK_IPC_RELEASES);

/** A `describe` for each release to test. */
export function describeReleases(title: string, suite: (release: Release) => void): void {
  for (const release of RELEASES) describe(`${title}, DPDK ${release}`, () => suite(release));
}

/** Whether '22.11.11' is of release '22.11'. */
export function isOf(release: Release, version: string): boolean {
  return version === release || version.startsWith(`${release}.`);
}

/** The releases in a list such as '22.11,24.11'; all for an empty list. Throws for an unknown one. */
export function releasesIn(list: string | undefined): readonly Release[] {
  if (list === undefined || list === '') return ALL_RELEASES;
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !ALL_RELEASES.some((release) => release === name));
  if (unknown.length > 0) throw new Error(`DPDK_IPC_RELEASES names ${unknown}: known are ${ALL_RELEASES}.`);
  return ALL_RELEASES.filter((release) => names.includes(release));
}

import type { Behaviour } from './check.js';
import type { Stage } from './stage.js';
import { CheckFailure } from './verdict.js';

const YEAR_MONTH = { LTS_22: 0x160b, LTS_24: 0x180b, LTS_25: 0x190b, FIXED: 0x1a07 } as const;

/**
 * Whether asynchronous requests of a release end properly when they reach nobody, or only some: what 26.07 brought.
 * Its way into the stable releases is known by what was seen of a few of them; `undefined`: not seen.
 */
function hasAsyncFix(versionWord: number): boolean | undefined {
  const yearMonth = versionWord >>> 16;
  const minor = (versionWord >>> 8) & 0xff;
  if (yearMonth >= YEAR_MONTH.FIXED) return true;
  if (yearMonth === YEAR_MONTH.LTS_25) return minor >= 4 ? true : undefined;
  if (yearMonth === YEAR_MONTH.LTS_24) return minor >= 8 || (minor === 0 ? false : undefined);
  if (yearMonth === YEAR_MONTH.LTS_22) return minor <= 11 ? false : undefined;
  return yearMonth < YEAR_MONTH.LTS_22 ? false : undefined;
}

/** Whether the subject may call back for a request that reached nobody. */
export function mayCallBack({ subject }: Stage): boolean {
  return subject.versionWord === undefined || hasAsyncFix(subject.versionWord) !== false;
}

/** Judges what was seen: the way of 26.07, which is ours as well, or that before it. */
export function judgeAsync({ subject, version }: Stage, isFixed: boolean): Behaviour {
  if (subject.implementation !== 'C') return isFixed ? 'as ours' : 'as C';
  const expected = subject.versionWord === undefined ? undefined : hasAsyncFix(subject.versionWord);
  if (expected === undefined || expected === isFixed) return 'as C';
  throw new CheckFailure(`${version} does as ${isFixed ? '26.07 and later do' : 'releases before 26.07 do'}`);
}

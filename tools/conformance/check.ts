import type { DialectId } from '../../protocol/dialect.js';
import type { Stage } from './stage.js';
import type { Ability, Role } from './subject.js';
import { CheckFailure } from './verdict.js';

/** How the subject behaved: as the reference says of C, or in the other way that the check allows. */
export type Behaviour = 'as C' | 'as ours';

/** Where this package deliberately does otherwise than C. */
export interface Difference {
  /** In which roles it differs; both unless given. */
  readonly roles?: readonly Role[];
  readonly expectation: string;
  readonly why: string;
}

/** One numbered check of the protocol reference. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly stimulus: string;
  readonly expectation: string;
  /** Both unless given. */
  readonly roles?: readonly Role[];
  /** All unless given. */
  readonly dialects?: readonly DialectId[];
  /** May end the subject's IPC thread or process, or cost it descriptors: runs against a throw-away only. */
  readonly destructive?: boolean;
  /** Waits for seconds by its nature. */
  readonly slow?: boolean;
  readonly needs?: readonly Ability[];
  /** What this package does instead. */
  readonly ours?: Difference;
  /** Why the check says nothing about this package. */
  readonly notForOurs?: string;
  /** A variant of other releases that nobody could run here, and why. */
  readonly notRun?: string;
  /** Where a live C process contradicted the reference: what it does, which is what is expected here. */
  readonly contradiction?: string;
  run(stage: Stage): Promise<Behaviour | undefined>;
}

/** What a subject of ours does differently in this role, if anything. */
export function differenceOf({ ours }: Check, role: Role): Difference | undefined {
  return ours?.roles?.includes(role) === false ? undefined : ours;
}

/** The checks of one section of the reference. */
export interface CheckGroup {
  readonly title: string;
  readonly checks: readonly Check[];
}

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

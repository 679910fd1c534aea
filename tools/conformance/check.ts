import { type DialectId, versionOf } from '../../protocol/dialect.js';
import { CheckFailure } from './expect.js';
import type { Ability, Role, Subject } from './subject.js';
import type { Tester } from './tester.js';

/** One numbered check of the protocol reference, without its number. */
export interface CheckFields {
  readonly title: string;
  readonly stimulus: string;
  /** What C does. */
  readonly expectation: string;
  /** The roles that the check is about; both by default. */
  readonly roles?: readonly Role[];
  /** The dialects that the check is about; all by default. */
  readonly dialects?: readonly DialectId[];
  /** The check may end the subject's IPC thread or process, or leak descriptors in it: it needs a subject to throw away. */
  readonly destructive?: boolean;
  /** The check waits for many seconds, because C does. */
  readonly slow?: boolean;
  readonly needs?: readonly Ability[];
  /** What this package does instead. */
  readonly ours?: Difference;
  /** Why the check says nothing about this package. */
  readonly notForOurs?: string;
  /** What releases do that were not available for the run. */
  readonly notRun?: string;
  /** What a live C process did otherwise than the reference says. The check expects what the process did. */
  readonly contradiction?: string;
  /** Resolves to the behaviour that was seen; to nothing if there is only one. */
  // biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return statement is a Promise<void>
  run(tester: Tester): Promise<Behaviour | void>;
}

export interface Check extends CheckFields {
  readonly id: string;
}

/** Fields that the checks of several files share. */
export const DRIVEN = { needs: ['driver'] } as const;
export const DRIVEN_PRIMARIES = { roles: ['primary'], ...DRIVEN } as const;
export const SEPARATE_PROCESSES = { destructive: true, needs: ['driver', 'processes'] } as const;

/** Makes checks of a table by id. They share the fields in `common`, unless they have their own. */
export function defineChecks(
  common: Partial<CheckFields>,
  table: Readonly<Record<string, CheckFields>>,
): readonly Check[] {
  return Object.entries(table).map(([id, fields]) => ({ id, ...common, ...fields }));
}

/** How the subject behaved: as C does, or as this package does. */
export type Behaviour = 'as C' | 'as ours';

/** Where this package deliberately differs from C. */
interface Difference {
  /** The roles in which it differs; both by default. */
  readonly roles?: readonly Role[];
  readonly expectation: string;
  readonly why: string;
}

/** What live processes showed about the fix of {@link judgeAsync}. */
export const ASYNC_CONTRADICTION =
  '24.11.8 and 25.11.4 do as 26.07 does, and 22.11.11 does not; the reference has 24.11.0 and 26.07 only';

const YEAR_MONTH = { LTS_22: 0x160b, LTS_24: 0x180b, LTS_25: 0x190b, FIXED: 0x1a07 } as const;

/**
 * Whether a release has 26.07's fix for asynchronous requests that reach no peer, or only some of them. For stable
 * releases it is known only of those that were run; `undefined` for the others.
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

/** Whether the subject may call the callback of an asynchronous request that reached no peer. */
export function mayCallBack({ versionWord }: Subject): boolean {
  return versionWord === undefined || hasAsyncFix(versionWord) !== false;
}

/** The behaviour of a subject that ended an asynchronous request as 26.07 (and this package) does, or as before it. */
export function judgeAsync({ implementation, versionWord }: Subject, isFixed: boolean): Behaviour {
  if (implementation !== 'C') return isFixed ? 'as ours' : 'as C';
  const expected = versionWord === undefined ? undefined : hasAsyncFix(versionWord);
  if (versionWord === undefined || expected === undefined || expected === isFixed) return 'as C';
  const seen = isFixed ? '26.07 and later do' : 'releases before 26.07 do';
  throw new CheckFailure(`${versionOf(versionWord)} does as ${seen}`);
}

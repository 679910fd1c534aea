import type { DialectId } from '../../protocol/dialect.js';
import type { Stage } from './stage.js';
import type { Ability, Role } from './subject.js';

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

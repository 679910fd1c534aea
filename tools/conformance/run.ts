import { nowMs } from '../../sys/clock.js';
import { type Behaviour, type Check, differenceOf } from './check.js';
import { Session, Stage } from './stage.js';
import type { SubjectSource } from './subject.js';
import { CheckFailure, CheckSkip } from './verdict.js';

export type Status = 'pass' | 'fail' | 'skip';

/** What a check came to. */
export interface CheckResult {
  readonly check: Check;
  readonly status: Status;
  /** It passed in the way that this package chose, which isn't C's. */
  readonly differs: boolean;
  /** What was seen (a failure), or why it was skipped. */
  readonly detail: string;
  readonly millis: number;
}

/** Which checks to run, and what to tell meanwhile. */
export interface RunOptions {
  readonly destructive?: boolean;
  readonly slow?: boolean;
  readonly onStart?: (check: Check) => void;
  readonly onResult?: (result: CheckResult) => void;
}

/** Runs checks against subjects of one source, one check after the other. Never rejects because of a check. */
export async function runChecks(
  source: SubjectSource,
  checks: readonly Check[],
  options: RunOptions = {},
): Promise<CheckResult[]> {
  const runner = new CheckRunner(source);
  const results: CheckResult[] = [];
  try {
    for (const check of checks) {
      options.onStart?.(check);
      const result = await runner.run(check, options);
      results.push(result);
      options.onResult?.(result);
    }
  } finally {
    await runner.end();
  }
  return results;
}

/** Runs single checks, one after the other; those that do no harm share a subject. */
export class CheckRunner {
  readonly #source: SubjectSource;
  #session: Session | undefined;
  /** Why nothing can be checked any more. */
  #ending: string | undefined;

  constructor(source: SubjectSource) {
    this.#source = source;
  }

  /** Never rejects because of what the check found. */
  async run(check: Check, options: RunOptions): Promise<CheckResult> {
    const start = nowMs();
    const done = (status: Status, detail = '', differs = false): CheckResult => {
      return { check, status, detail, differs, millis: Math.round(nowMs() - start) };
    };
    const why = reasonToSkip(check, this.#source, options);
    if (why !== undefined) return done('skip', why);
    if (this.#ending !== undefined) return done('skip', this.#ending);
    try {
      const behaviour = (await this.#onStage(check)) ?? 'as C';
      return judge(check, behaviour, this.#source, done);
    } catch (error) {
      if (error instanceof CheckSkip) return done('skip', error.message);
      if (error instanceof CheckFailure) return done('fail', error.message);
      return done('fail', error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }

  /** Ends the subject. */
  async end(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.[Symbol.asyncDispose]();
  }

  /** What a destructive or failing check leaves behind is of no use to the next one. */
  async #onStage(check: Check) {
    const isSingle = !this.#source.abilities.has('place');
    this.#session ??= await Session.open(this.#source);
    const stage = new Stage(this.#source, this.#session);
    let isUsable = false;
    try {
      const behaviour = await check.run(stage);
      // what does otherwise than C has survived
      isUsable = !stage.isSpoiled && (check.destructive !== true || behaviour === 'as ours');
      return behaviour;
    } finally {
      if (!isUsable && isSingle && check.destructive) this.#ending = didNotSurvive(check);
      await stage.end();
      if (!isUsable) await this.end();
    }
  }
}

function didNotSurvive({ id }: Check): string {
  return `the subject is not to be used after ${id}: restart it, and choose the other checks with --only`;
}

type Done = (status: Status, detail?: string, differs?: boolean) => CheckResult;

function judge(check: Check, behaviour: Behaviour, source: SubjectSource, done: Done): CheckResult {
  const { implementation, role } = source;
  const difference = implementation === 'C' ? undefined : differenceOf(check, role);
  if (behaviour === 'as ours') {
    if (difference === undefined) return done('fail', `instead of: ${check.expectation}`);
    return done('pass', difference.expectation, true);
  }
  const mustDiffer = implementation === 'ours' && difference !== undefined;
  return mustDiffer ? done('fail', `it does as C does, instead of: ${difference.expectation}`) : done('pass');
}

function reasonToSkip(check: Check, source: SubjectSource, options: RunOptions): string | undefined {
  const { roles, dialects, needs = [], notForOurs } = check;
  if (roles !== undefined && !roles.includes(source.role)) return `is about a ${roles.join(' or ')}`;
  if (dialects !== undefined && !dialects.includes(source.dialect.id))
    return `is about dialect ${dialects.join(' or ')}`;
  if (notForOurs !== undefined && source.implementation === 'ours') return notForOurs;
  const lacking = needs.find((ability) => !source.abilities.has(ability));
  if (lacking !== undefined) return LACKING[lacking];
  if (check.destructive && options.destructive !== true) return 'destructive: --destructive runs it';
  if (check.slow && options.slow !== true) return 'takes many seconds: --slow runs it';
  return undefined;
}

const LACKING = {
  driver: 'needs a driver, which tells the subject what to send and to register',
  place: 'needs to start and end processes of its own',
  pid: "needs to look at the subject's process",
  memory: 'needs shared memory that can be told to grow',
  eal: 'is about how EAL is initialised',
  devices: 'needs the vdev bus and the null driver, which are not installed here',
} as const;

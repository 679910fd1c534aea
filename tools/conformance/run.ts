import { nowMs } from '../../sys/clock.js';
import type { Behaviour, Check } from './check.js';
import { CheckFailure, CheckSkip } from './expect.js';
import type { SubjectSource } from './subject.js';
import { StartedSubject, Tester } from './tester.js';

export type Status = 'pass' | 'fail' | 'skip';

/** The result of one check. */
export interface CheckResult {
  readonly check: Check;
  readonly status: Status;
  /** The check passed, and the subject behaved as this package does, not as C. */
  readonly differs: boolean;
  /** What a failing check saw, or why a check was skipped. */
  readonly detail: string;
  readonly millis: number;
}

/** Which checks to run. */
export interface RunOptions {
  readonly destructive?: boolean;
  readonly slow?: boolean;
  /** Called before each check. */
  readonly onStart?: (check: Check) => void;
}

/** Runs checks one after the other against subjects of one source. A failing check doesn't reject. */
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
      results.push(await runner.run(check, options));
    }
  } finally {
    await runner.end();
  }
  return results;
}

/** Runs single checks, one after the other. Checks that aren't destructive share a subject. */
export class CheckRunner {
  readonly #source: SubjectSource;
  #started: StartedSubject | undefined;
  /** Why no further check can run. */
  #endReason: string | undefined;

  constructor(source: SubjectSource) {
    this.#source = source;
  }

  /** Runs one check. A failing check doesn't reject. */
  async run(check: Check, options: RunOptions): Promise<CheckResult> {
    const start = nowMs();
    const done = (status: Status, detail = '', differs = false): CheckResult => {
      return { check, status, detail, differs, millis: Math.round(nowMs() - start) };
    };
    const why = reasonToSkip(check, this.#source, options) ?? this.#endReason;
    if (why !== undefined) return done('skip', why);
    try {
      return judge(check, await this.#behaviourIn(check), this.#source, done);
    } catch (error) {
      if (error instanceof CheckSkip) return done('skip', error.message);
      if (error instanceof CheckFailure) return done('fail', error.message);
      return done('fail', error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }

  /** Ends the subject. */
  async end(): Promise<void> {
    const started = this.#started;
    this.#started = undefined;
    await started?.[Symbol.asyncDispose]();
  }

  /** Ends the subject behind a destructive or failing check: the next one needs another. */
  async #behaviourIn(check: Check): Promise<Behaviour> {
    const isSingle = !this.#source.abilities.has('processes');
    this.#started ??= new StartedSubject(await this.#source.open());
    const tester = new Tester(this.#source, this.#started);
    let isUsable = false;
    try {
      const behaviour = (await check.run(tester)) === 'as ours' ? 'as ours' : 'as C';
      // a subject that behaves otherwise than C has survived
      isUsable = !tester.isSpoiled && (check.destructive !== true || behaviour === 'as ours');
      return behaviour;
    } finally {
      if (!isUsable && isSingle && check.destructive)
        this.#endReason = `${check.id} may have ended the subject's IPC: restart it, and choose the other checks with --only`;
      await tester.end();
      if (!isUsable) await this.end();
    }
  }
}

type Done = (status: Status, detail?: string, differs?: boolean) => CheckResult;

function judge(check: Check, behaviour: Behaviour, source: SubjectSource, done: Done): CheckResult {
  const { implementation, role } = source;
  const { ours, expectation } = check;
  const difference = implementation === 'C' || ours?.roles?.includes(role) === false ? undefined : ours;
  if (behaviour === 'as ours') {
    if (difference === undefined) return done('fail', `instead of: ${expectation}`);
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
  processes: 'needs to start and end processes of its own',
  pid: "needs to look at the subject's process",
  memory: 'needs shared memory that can grow',
  eal: 'is about how EAL is initialised',
  devices: 'needs the vdev bus and the null driver, which are not installed here',
} as const;

// Makes every call of a scenario fail in turn, with every errno that it can have, and reports what went wrong.
import { MpError } from '../../../lib/index.js';
import { openDescriptors } from '../../support/descriptors.js';
import { ERRNOS, errnoOf, type Fault, interposed } from './fault-plan.js';
import { FaultStage } from './fault-stage.js';
import type { Scenario } from './scenarios.js';

/** Timeouts of calls: with a fault, which may make them wait for something that never comes, and without one. */
const FAULT_TIMEOUT_MS = 60;
const TIMEOUT_MS = 5_000;
const SETTLE_MS = 2_000;

export interface SweepResult {
  readonly scenario: string;
  readonly calls: number;
  readonly runs: number;
  /** How many runs ended with an MpError. */
  readonly errors: number;
  readonly failures: readonly string[];
}

/** Runs the scenario once for each call and errno. `onRun` is told how many of how many are done. */
export async function sweep(
  scenario: Scenario,
  onRun: (done: number, of: number) => void = () => {},
): Promise<SweepResult> {
  await using stage = await FaultStage.for(scenario);
  const descriptors = openDescriptors();
  const { steps } = await runOnce(stage, scenario, descriptors, undefined, []);
  const faults = steps.flatMap((name, step) => (ERRNOS[name] ?? []).map((_, errno) => ({ step, errno })));
  const failures: string[] = [];
  let errors = 0;
  for (const [done, fault] of faults.entries()) {
    const wrong: string[] = [];
    const { failed, name } = await runOnce(stage, scenario, descriptors, fault, wrong);
    if (failed) errors++;
    const where = `${scenario.name}: call ${fault.step} fails, ${name}`;
    failures.push(...wrong.map((what) => `${where}: ${what}`));
    onRun(done + 1, faults.length);
  }
  return { scenario: scenario.name, calls: steps.length, runs: faults.length, errors, failures };
}

async function runOnce(
  stage: FaultStage,
  scenario: Scenario,
  descriptors: readonly string[],
  fault: Fault | undefined,
  wrong: string[],
) {
  const atFault = (name: string, step: number) => {
    const code = step === fault?.step ? errnoOf(name, fault) : undefined;
    return scenario.skip?.includes(`${name} ${code}`) ? undefined : code;
  };
  const files = stage.files();
  stage.errors.splice(0);
  const run = await scenario.start(stage);
  let failed: unknown;
  const steps = await interposed(atFault, async () => {
    try {
      await run.act(fault === undefined ? TIMEOUT_MS : FAULT_TIMEOUT_MS);
    } catch (error) {
      failed = error;
    }
  });
  for (const error of [failed, ...stage.errors]) {
    if (error !== undefined && !isDocumented(error)) wrong.push(`${describe(error)}`);
  }
  if (failed !== undefined && fault === undefined) throw failed;
  try {
    await run.act(TIMEOUT_MS);
  } catch (error) {
    wrong.push(`the retry failed: ${describe(error)}`);
  }
  try {
    await run.end();
  } catch (error) {
    wrong.push(`closing failed: ${describe(error)}`);
  }
  wrong.push(...(await settled(() => differences('descriptors', descriptors, openDescriptors()))));
  const name = fault === undefined ? '' : (steps[fault.step] ?? 'which was not made');
  const mayStay = name === 'unlinkSync' || name === 'lstatSync';
  if (!mayStay) wrong.push(...differences('files', files, stage.files()));
  return { steps, failed: failed !== undefined, name: fault && `${name} ${errnoOf(name, fault)}` };
}

/** Whether it is a documented error, with a code and a message. */
function isDocumented(error: unknown): boolean {
  return error instanceof MpError && /^E[A-Z0-9]+$/.test(error.code) && error.message.length > 10;
}

/** The peer in the worker shares our descriptors and closes those of its last message in its own time. */
async function settled(check: () => string[]): Promise<string[]> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const wrong = check();
    if (wrong.length === 0 || performance.now() > deadline) return wrong;
    await new Promise(setImmediate);
  }
}

function differences(what: string, before: readonly string[], after: readonly string[]): string[] {
  const wrong: string[] = [];
  const left = [...after];
  for (const item of before) {
    const at = left.indexOf(item);
    if (at >= 0) left.splice(at, 1);
    else wrong.push(`${what}: ${item} is gone`);
  }
  for (const item of left) wrong.push(`${what}: ${item} was left`);
  return wrong;
}

/** The error and where in the package it was thrown. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const frames = (error.stack ?? '').split('\n').filter((line) => /\/(lib|shm|protocol)\//.test(line));
  return [`${error.name}: ${error.message}`, ...frames.slice(0, 4).map((line) => line.trim())].join('\n    ');
}

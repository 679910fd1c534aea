// The five columns of docs/CONFORMANCE.md, and what is in their cells.

import type { Check } from '../../../tools/conformance/check.js';
import { ALL_CHECKS } from '../../../tools/conformance/checks/index.js';
import { type CheckResult, runChecks } from '../../../tools/conformance/run.js';
import type { SubjectSource } from '../../../tools/conformance/subject.js';
import { buildPeers } from '../../support/dpdk/build.js';
import { findDpdk } from '../../support/dpdk/install.js';
import { ALL_RELEASES, type Release } from '../../support/dpdk/releases.js';
import { cSource } from './c-source.js';
import { nodeSource } from './node-source.js';

/** A column: the results of one implementation, in one role or in both. */
export interface Column {
  readonly title: string;
  readonly results: ReadonlyMap<Check, readonly CheckResult[]>;
}

interface Plan {
  readonly title: string;
  readonly sources: readonly SubjectSource[];
}

/** How many subjects run at a time: more would disturb checks that measure. */
const AT_A_TIME = 2;

/** Runs all checks, slow and destructive ones, too. Throws when a release is missing. */
export async function runColumns(say: (text: string) => void): Promise<Column[]> {
  const plans = [...(await Promise.all(ALL_RELEASES.map(planOf))), ...oursPlans()];
  const sources = plans.flatMap((plan) => plan.sources);
  const results = new Map<SubjectSource, CheckResult[]>();
  const work = async () => {
    for (let source = sources.shift(); source !== undefined; source = sources.shift()) {
      const found = await runChecks(source, ALL_CHECKS, { destructive: true, slow: true });
      results.set(source, found);
      const bad = found
        .filter(({ status }) => status === 'fail')
        .map(({ check, detail }) => `${check.id}: ${detail}`);
      say(
        `${source.label}: ${found.length - bad.length} of ${found.length} without a failure\n${bad.join('\n')}`,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return plans.map((plan) => columnOf(plan, results));
}

async function planOf(release: Release): Promise<Plan> {
  const install = findDpdk(release);
  if ('missing' in install) throw new Error(`The report needs all releases: ${install.missing}`);
  await buildPeers(install);
  const sources = (['primary', 'secondary'] as const).map((role) => cSource(install, role));
  return { title: `C ${install.version}`, sources };
}

function oursPlans(): Plan[] {
  return (['secondary', 'primary'] as const).map((role) => ({
    title: `ours, ${role}`,
    sources: [nodeSource(role), nodeSource(role, '340/253')],
  }));
}

function columnOf({ title, sources }: Plan, results: ReadonlyMap<SubjectSource, CheckResult[]>): Column {
  const all = sources.flatMap((source) => results.get(source) ?? []);
  const grouped = ALL_CHECKS.map((check) => [check, all.filter((result) => result.check === check)] as const);
  return { title, results: new Map(grouped) };
}

/** `pass`, `FAIL`, `differs` or `-`; with several roles the most important of their results. */
export function cell({ results }: Column, check: Check): string {
  const found = results.get(check) ?? [];
  if (found.some(({ status }) => status === 'fail')) return '**FAIL**';
  if (found.some(({ differs }) => differs)) return 'differs';
  return found.some(({ status }) => status === 'pass') ? 'pass' : '–';
}

/** Why a cell is empty: a reason other than the role, if there is one. */
export function reason({ results }: Column, check: Check): string {
  const reasons = (results.get(check) ?? []).map(({ detail }) => detail);
  return reasons.find((text) => !text.startsWith('is about a ')) ?? reasons[0] ?? '';
}

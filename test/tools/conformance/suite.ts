// A mocha test for each check, against one source of subjects.
import type { Check } from '../../../tools/conformance/check.js';
import { ALL_CHECKS } from '../../../tools/conformance/checks/index.js';
import { CheckRunner } from '../../../tools/conformance/run.js';
import type { Role, SubjectSource } from '../../../tools/conformance/subject.js';
import { sharedDescriptors } from '../../support/descriptor-hooks.js';

/** Whether checks run that take many seconds; the report always runs them. */
const SLOW = process.env.DPDK_IPC_SLOW_CHECKS === '1';

/** To be called inside `describe`: makes a test of each check about this role. They share a subject until one ends it. */
export function testConformance(
  role: Role,
  source: () => SubjectSource,
  checks: readonly Check[] = ALL_CHECKS,
): void {
  let runner: CheckRunner | undefined;
  after('end the subject', () => runner?.end());
  sharedDescriptors();
  for (const check of checks.filter(
    ({ roles, slow }) => (roles?.includes(role) ?? true) && (SLOW || !slow),
  )) {
    it(`${check.id} ${check.title}`, async function () {
      this.timeout(120_000);
      runner ??= new CheckRunner(source());
      const { status, detail } = await runner.run(check, { destructive: true, slow: SLOW });
      if (status === 'skip') this.skip();
      if (status === 'fail') throw new Error(detail);
    });
  }
}

// Running checks: how results are judged, skipped and reported.
import { expect } from 'chai';
import { DIALECTS } from '../../../protocol/index.js';
import type { Check } from '../../../tools/conformance/check.js';
import { ALL_CHECKS } from '../../../tools/conformance/checks/index.js';
import { CheckFailure, CheckSkip } from '../../../tools/conformance/expect.js';
import { json, junit, summary, table } from '../../../tools/conformance/report.js';
import { runChecks } from '../../../tools/conformance/run.js';
import type { Ability, Implementation, Subject, SubjectSource } from '../../../tools/conformance/subject.js';

let opened = 0;
let closed = 0;

function source(implementation: Implementation, abilities: readonly Ability[] = []): SubjectSource {
  const subject = { role: 'primary', implementation, [Symbol.asyncDispose]: async () => void closed++ };
  return {
    label: 'a stub',
    implementation,
    role: 'primary',
    dialect: DIALECTS['332/8'],
    abilities: new Set(abilities),
    open: async () => {
      opened++;
      return subject as unknown as Subject;
    },
    newPrefix: () => Promise.reject(new Error('no prefix')),
  };
}

function check(id: string, run: Check['run'], more: Partial<Check> = {}): Check {
  return { id, title: `title of ${id}`, stimulus: 'a "stimulus"', expectation: 'an <effect>', run, ...more };
}

const passes = async () => undefined;
const ours = { expectation: 'something else', why: 'it is better' };

async function statuses(who: SubjectSource, ...checks: Check[]): Promise<string[]> {
  return (await runChecks(who, checks)).map(({ status, detail }) => `${status} ${detail}`.trim());
}

describe('conformance: judging', () => {
  it('fails, skips and passes', async () => {
    const seen = await statuses(
      source('C'),
      check('P', passes),
      check('F', () => Promise.reject(new CheckFailure('x is 1 instead of 2'))),
      check('S', () => Promise.reject(new CheckSkip('no vdev bus'))),
    );
    expect(seen).to.deep.equal(['pass', 'fail x is 1 instead of 2', 'skip no vdev bus']);
  });

  it("accepts 'as C' of C, 'as ours' of this package, and both of others", async () => {
    const asC = check('A', async () => 'as C', { ours });
    const asOurs = check('B', async () => 'as ours', { ours });
    const verdicts = async (who: Implementation) =>
      (await runChecks(source(who), [asC, asOurs])).map(({ status }) => status);
    expect(await verdicts('C')).to.deep.equal(['pass', 'fail']);
    expect(await verdicts('ours')).to.deep.equal(['fail', 'pass']);
    expect(await verdicts('unknown')).to.deep.equal(['pass', 'pass']);
  });

  it('says why it skips', async () => {
    const seen = await statuses(
      source('ours', ['pid']),
      check('R', passes, { roles: ['secondary'] }),
      check('D', passes, { dialects: ['340/253'] }),
      check('N', passes, { needs: ['driver'] }),
      check('O', passes, { notForOurs: 'it has none' }),
      check('X', passes, { destructive: true }),
      check('L', passes, { slow: true }),
    );
    expect(seen).to.deep.equal([
      'skip is about a secondary',
      'skip is about dialect 340/253',
      'skip needs a driver, which tells the subject what to send and to register',
      'skip it has none',
      'skip destructive: --destructive runs it',
      'skip takes many seconds: --slow runs it',
    ]);
  });

  it('replaces a subject that a check has ended, where another can be started', async () => {
    const checks = [check('X', passes, { destructive: true }), check('P', passes), check('Q', passes)];
    [opened, closed] = [0, 0];
    const results = await runChecks(source('C', ['processes']), checks, { destructive: true });
    expect(results.map(({ status }) => status)).to.deep.equal(['pass', 'pass', 'pass']);
    expect([opened, closed]).to.deep.equal([2, 2]);
    const single = await runChecks(source('C'), checks, { destructive: true });
    expect(single.map(({ status }) => status)).to.deep.equal(['pass', 'skip', 'skip']);
  });
});

describe('conformance: reports', () => {
  const run = () =>
    runChecks(source('unknown'), [
      check('P1', passes),
      check('F1', () => Promise.reject(new CheckFailure('"no" & never'))),
      check('S1', passes, { slow: true }),
      check('D1', async () => 'as ours', { ours }),
    ]);

  it('print a table', async () => {
    const results = await run();
    expect(summary(results)).to.equal('2 passed, 1 failed, 1 skipped');
    expect(table(results).split('\n')).to.deep.equal([
      'P1    pass  title of P1',
      'F1    fail  title of F1',
      '      sent:     a "stimulus"',
      '      expected: an <effect>',
      '      seen:     "no" & never',
      'D1    pass  title of D1  (not as C: something else)',
      '',
      'Skipped:',
      '  takes many seconds: --slow runs it',
      '    S1',
    ]);
  });

  it('print JSON and JUnit XML', async () => {
    const results = await run();
    expect(JSON.parse(json('it', results))).to.include({ subject: 'it', pass: 2, fail: 1, skip: 1 });
    expect(junit('it', results))
      .to.contain('tests="4" failures="1" skipped="1"')
      .and.to.contain('<failure message="&quot;no&quot; &amp; never"/>');
  });
});

describe('conformance: the checks', () => {
  it('are C1 to C84, each once', () => {
    const ids = ALL_CHECKS.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    const numbers = Array.from({ length: 84 }, (_, i) => `C${i + 1}`);
    expect(ids).to.include.members(numbers);
  });
});

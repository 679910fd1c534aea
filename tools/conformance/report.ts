import type { CheckResult, Status } from './run.js';

function count(results: readonly CheckResult[]): Record<Status, number> {
  const counts = { pass: 0, fail: 0, skip: 0 };
  for (const { status } of results) counts[status]++;
  return counts;
}

/** `53 passed, 1 failed, 30 skipped`. */
export function summary(results: readonly CheckResult[]): string {
  const { pass, fail, skip } = count(results);
  return `${pass} passed, ${fail} failed, ${skip} skipped`;
}

/** A report for the terminal: a line for each check that ran, failures in full, skipped checks by reason. */
export function table(results: readonly CheckResult[]): string {
  const ran = results.filter(({ status }) => status !== 'skip');
  const widest = Math.max(...ran.map(({ check }) => check.title.length), 0);
  const lines = ran.flatMap((result) => [row(result, widest), ...failure(result)]);
  return [...lines, ...skipped(results)].join('\n');
}

function row({ check, status, detail, differs }: CheckResult, widest: number): string {
  const head = `${check.id.padEnd(5)} ${status}  ${check.title}`;
  return differs ? `${head.padEnd(widest + 12)}  (not as C: ${detail})` : head;
}

const TEXT_WIDTH = 100;

function skipped(results: readonly CheckResult[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { check, status, detail } of results) {
    if (status === 'skip') byReason.set(detail, [...(byReason.get(detail) ?? []), check.id]);
  }
  if (byReason.size === 0) return [];
  const reasons = [...byReason].flatMap(([why, ids]) => [`  ${why}`, ...wrapped(ids.join(', '))]);
  return ['', 'Skipped:', ...reasons];
}

function wrapped(text: string): string[] {
  const lines = text.match(new RegExp(`.{1,${TEXT_WIDTH}}(?:,|$)`, 'g')) ?? [];
  return lines.map((line) => `    ${line.trim()}`);
}

function failure({ check, status, detail }: CheckResult): string[] {
  if (status !== 'fail') return [];
  return [
    `      sent:     ${check.stimulus}`,
    `      expected: ${check.expectation}`,
    `      seen:     ${detail}`,
  ];
}

/** A report for programs: one JSON object. */
export function json(label: string, results: readonly CheckResult[]): string {
  const checks = results.map(({ check, status, detail, differs, millis }) => {
    const { id, title, stimulus, expectation } = check;
    return { id, title, stimulus, expectation, status, detail, differs, millis };
  });
  return JSON.stringify({ subject: label, ...count(results), checks }, undefined, 2);
}

/** A report for CI systems: JUnit's XML. */
export function junit(label: string, results: readonly CheckResult[]): string {
  const { fail, skip } = count(results);
  const millis = results.reduce((sum, result) => sum + result.millis, 0);
  const name = `dpdk-ipc conformance: ${label}`;
  const head = `<testsuite name="${xml(name)}" tests="${results.length}" failures="${fail}" skipped="${skip}" time="${millis / 1000}">`;
  const cases = results.map(testCase).join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${head}\n${cases}\n</testsuite>\n</testsuites>\n`;
}

function testCase({ check, status, detail, millis }: CheckResult): string {
  const title = xml(`${check.id} ${check.title}`);
  const start = `  <testcase classname="conformance" name="${title}" time="${millis / 1000}"`;
  if (status === 'pass') return `${start}/>`;
  const element = status === 'fail' ? 'failure' : 'skipped';
  return `${start}><${element} message="${xml(detail)}"/></testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function xml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char).replace(/[^\x20-\ufffd]+/g, ' ');
}

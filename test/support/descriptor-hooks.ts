// A mocha root hook (.mocharc.json): a test, or a run, that leaves a descriptor open fails.
import { spawn } from 'node:child_process';
import { openDescriptors } from './descriptors.js';

/** How long closing may take that happens later: pipes of a child that has ended, a worker, garbage collection. */
const SETTLE_MS = 3_000;

/** Descriptors that were left open, after waiting for those that are about to be closed. */
async function leftBeside(before: readonly string[]): Promise<string[]> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const known = [...before];
    const left = openDescriptors().filter((target) => {
      const at = known.indexOf(target);
      if (at >= 0) known.splice(at, 1);
      return at < 0;
    });
    if (left.length === 0 || performance.now() > deadline) return left;
    globalThis.gc?.(); // replies that were not disposed of
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const atStart: string[] = [];
let beforeTest: string[] = [];
let shared = 0;
/** Thrown at the end, because a root hook that fails ends the whole run. */
const leaks: string[] = [];

/** To be called inside `describe`: its tests share what the first one opens, and are compared together. */
export function sharedDescriptors(): void {
  let atBegin: string[] = [];
  before(() => {
    atBegin = openDescriptors();
    shared++;
  });
  after('descriptors of the suite', async () => {
    shared--;
    const left = await leftBeside(atBegin);
    if (left.length > 0) throw new Error(`descriptors that the suite left open: ${left.join(', ')}`);
  });
}

export const mochaHooks = {
  async beforeAll() {
    // libuv opens a /dev/null and a pipe of its own at the first stream and the first child
    await new Promise((resolve) =>
      spawn(process.execPath, ['--version'], { stdio: 'pipe' }).on('close', resolve),
    );
    atStart.push(...openDescriptors());
  },
  beforeEach() {
    beforeTest = openDescriptors();
  },
  async afterEach(this: Mocha.Context) {
    if (shared > 0) return;
    const left = await leftBeside(beforeTest);
    if (left.length > 0) leaks.push(`${this.currentTest?.fullTitle()}: ${left.join(', ')}`);
  },
  async afterAll() {
    const left = await leftBeside(atStart);
    if (left.length > 0) leaks.push(`the whole run: ${left.join(', ')}`);
    if (leaks.length > 0) throw new Error(`descriptors left open by\n${leaks.join('\n')}`);
  },
};

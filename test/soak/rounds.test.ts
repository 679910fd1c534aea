// Rounds of the soak leave nothing themselves: what grows is the package's.
import { expect } from 'chai';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { CMemory } from './support/c-memory.js';
import { type Measures, measure } from './support/measures.js';
import { OwnMemory } from './support/own-memory.js';

const LEAK = 2 ** 20;

describe('rounds of the soak with memory of a Node primary', () => {
  it('leave no mapping and no descriptor', async () => {
    await using memory = await OwnMemory.open();
    await run(memory, 0, 60); // opens the sockets for its requests
    const before = await measure();
    await run(memory, 60, 120);
    const after = await measure();
    expect(memory.reservations).to.equal(120 + 12 + 3);
    expectNoMore(before, after);
  });
});

describe('rounds of the soak with memory of a C primary', () => {
  before(async function () {
    await needsDpdk(this, { hugepages: 8 });
  });

  it('leave no mapping, no descriptor and no output of the C program', async () => {
    await using memory = await CMemory.open();
    await run(memory, 0, 20);
    const before = await measure();
    await run(memory, 20, 120);
    const after = await measure();
    expect(memory.attachments).to.equal(24);
    expect(memory.linesKept).to.equal(0);
    expectNoMore(before, after);
  });

  it('keep what --leak asks for', async () => {
    await using memory = await CMemory.open(LEAK);
    await run(memory, 0, 5);
    const before = await measure();
    await run(memory, 5, 25);
    expect((await measure()).bufferBytes - before.bufferBytes).to.be.within(3.5 * LEAK, 4.5 * LEAK);
  });
});

async function run(memory: CMemory | OwnMemory, from: number, to: number): Promise<void> {
  for (let round = from; round < to; round++) await memory.round(round);
}

function expectNoMore(before: Measures, after: Measures): void {
  for (const key of ['sharedMappings', 'descriptors'] as const)
    expect(after[key], key).to.be.at.most(before[key]);
}

// A primary gave up its lock on config before it had removed its arrays: one that began just then found them locked, and was
// told that secondaries of a dead primary still run (EBUSY).
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { CreatedMemory } from '../../shm/primary/created-memory.js';
import { planMemory } from '../../shm/primary/options.js';
import { interposed } from '../faults/support/fault-plan.js';
import { thrown } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

describe('regression: a primary that begins while another one ends', () => {
  const scope = new StageScope();
  const MEMORY = { hugepages: 0, version: '24.11.0' };
  const TSC_HZ = 1_000_000_000;

  it('is told so, or has what it needs', async () => {
    const { options, directory } = scope.stage;
    const first = await openPrimary({ ...options, memory: MEMORY });
    const plan = planMemory(MEMORY);
    const refused: string[] = [];
    let successor: CreatedMemory | undefined;
    let isTrying = false;
    const attempt = () => {
      if (isTrying || successor !== undefined) return;
      isTrying = true;
      try {
        successor = CreatedMemory.create(directory, plan, TSC_HZ);
      } catch (error) {
        refused.push(
          thrown(() => {
            throw error;
          }).code,
        );
      }
      isTrying = false;
    };
    await interposed(
      (name) => {
        if (name === 'flock') attempt();
        return undefined;
      },
      () => first.close(),
    );
    const isThere = existsSync(`${directory}/fbarray_memzone`);
    successor?.close();
    expect(refused).to.include('EADDRINUSE');
    expect(new Set(refused)).to.have.length(1);
    expect(isThere).to.equal(successor !== undefined);
  });
});

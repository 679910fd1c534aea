// How long requestSync polls before it sleeps, by action.
import { expect } from 'chai';
import { SpinBudget } from '../../../lib/requests/busy-poll.js';

describe('the spin budget of requestSync', () => {
  it('is 0 for an action whose last answer took more than four times the budget', () => {
    const budget = new SpinBudget(50);
    expect(budget.for('echo')).to.equal(50);
    budget.learn('echo', 0.2);
    budget.learn('slow', 0.201);
    expect([budget.for('echo'), budget.for('slow'), budget.for('new')]).to.deep.equal([50, 0, 50]);
  });

  it('is the budget again once an answer was quick', () => {
    const budget = new SpinBudget(50);
    budget.learn('echo', 10);
    expect(budget.for('echo')).to.equal(0);
    budget.learn('echo', 0.06); // what sleeping for it takes
    expect(budget.for('echo')).to.equal(50);
  });

  it('remembers a bounded number of names', () => {
    const budget = new SpinBudget(50);
    for (let i = 0; i < 10_000; i++) budget.learn(`slow ${i}`, 1000);
    expect(budget.for('slow 9999')).to.equal(0);
    expect(budget.for('slow 0')).to.equal(50);
  });

  it('stays 0 when spinning is off', () => {
    const budget = new SpinBudget(0);
    budget.learn('echo', 0.001);
    expect(budget.for('echo')).to.equal(0);
  });
});

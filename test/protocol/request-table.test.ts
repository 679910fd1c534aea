import { expect } from 'chai';
import { thrown } from '../support/mp-error.js';
import { A, B, Bench, C, complete, done, drop, send } from './request-bench.js';

describe('RequestTable, matching', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    bench.start();
  });

  it('drops what comes before the request was delivered, from a dead peer, or from a stranger', () => {
    expect(bench.reply(A, 'early')).to.deep.equal([drop('wrong-peer', 'early')]);
    bench.gone(A);
    expect(bench.reply(A, 'ghost')).to.deep.equal([drop('wrong-peer', 'ghost')]);
    expect(bench.reply(C, 'stranger')).to.deep.equal([drop('wrong-peer', 'stranger')]);
    bench.sent(B);
    expect(bench.reply(B, 'b')).to.deep.equal([done(1, ['b'])]);
  });

  it('drops a reply under another name and goes on waiting', () => {
    bench.sent(A);
    bench.sent(B);
    expect(bench.reply(A, 'x', { name: 'other' })).to.deep.equal([drop('wrong-name', 'x')]);
    expect(bench.ignore(A, { name: 'other' })).to.deep.equal([]);
    bench.reply(A, 'a');
    expect(bench.reply(B, 'b')).to.deep.equal([done(2, ['a', 'b'])]);
  });

  it('takes the first of two answers', () => {
    bench.sent(A);
    bench.sent(B);
    bench.reply(A, 'first');
    expect(bench.reply(A, 'second')).to.deep.equal([drop('late-reply', 'second')]);
    expect(bench.ignore(A)).to.deep.equal([]);
    bench.ignore(B);
    expect(bench.table.size).to.equal(0);
  });

  it('takes an IGN once, and no reply behind it', () => {
    bench.sent(A);
    bench.sent(B);
    bench.ignore(A);
    expect(bench.ignore(A)).to.deep.equal([]);
    expect(bench.reply(A, 'a')).to.deep.equal([drop('late-reply', 'a')]);
    expect(bench.reply(B, 'b')).to.deep.equal([done(1, ['b'])]);
  });

  it('keeps requests of one name to one peer apart by their ids', () => {
    bench.start({ id: 2, peers: [A] });
    bench.sent(A);
    bench.sent(A, 2);
    expect(bench.reply(A, 'for 2', { id: 2 })).to.deep.equal([done(1, ['for 2'], 2)]);
    expect(bench.reply(A, 'for 2 again', { id: 2 })).to.deep.equal([drop('late-reply', 'for 2 again')]);
    expect(bench.table.has(1)).to.equal(true);
  });

  it('drops replies to unknown requests, and ignores other events for them', () => {
    expect(bench.reply(A, 'a', { id: 9 })).to.deep.equal([drop('late-reply', 'a')]);
    const rest = [bench.sent(A, 9), bench.gone(A, 9), bench.failed(A, 'EIO', 9), bench.cancel('EIO', 9)];
    expect([...rest, bench.ignore(A, { id: 9 })]).to.deep.equal([[], [], [], [], []]);
  });

  it('refuses a start whose id is in use, and goes on with the first', () => {
    const error = thrown(() => bench.start({ name: 'other' }));
    expect(error.code).to.equal('EINVAL');
    expect(error.message).to.match(/id 1 is in use: give each request an id of its own$/);
    expect(bench.gone(A)).to.deep.equal([]);
    expect(bench.gone(B)).to.deep.equal([done(0, [])]);
  });

  it('hands back what has come when it is cancelled', () => {
    bench.sent(A);
    bench.reply(A, 'a');
    const cancelled = complete({ status: 'failed', code: 'ECANCELED', nbSent: 1, replies: ['a'] });
    expect(bench.cancel('ECANCELED')).to.deep.equal([cancelled]);
    expect(bench.cancel('ECANCELED')).to.deep.equal([]);
  });
});

describe('RequestTable, deadlines', () => {
  it('knows the next one', () => {
    const bench = new Bench();
    expect(bench.table.nextDeadline).to.equal(undefined);
    bench.start({ id: 1, deadline: 200 });
    bench.start({ id: 2, deadline: 50 });
    bench.start({ id: 3, deadline: 100 });
    expect(bench.table.nextDeadline).to.equal(50);
    bench.cancel('ECANCELED', 2);
    expect(bench.table.nextDeadline).to.equal(100);
  });

  it('ends all requests that are due, at their deadline and not before', () => {
    const bench = new Bench();
    for (const [id, deadline] of [
      [1, 100],
      [2, 101],
      [3, 50],
    ] as const) {
      bench.start({ id, deadline, peers: [A] });
      bench.sent(A, id);
    }
    expect(bench.tick(49)).to.deep.equal([]);
    const timeout = (id: number) => complete({ status: 'timeout', peer: A, nbSent: 1, replies: [] }, id);
    expect(bench.tick(100)).to.deep.equal([timeout(1), timeout(3)]);
    expect(bench.table.size).to.equal(1);
  });

  it('sends although the deadline has passed, and times out at the next tick', () => {
    const bench = new Bench();
    expect(bench.start({ peers: [A], deadline: 100 }, 100)).to.deep.equal([send(A)]);
    bench.sent(A);
    expect(bench.tick(100)).to.deep.equal([complete({ status: 'timeout', peer: A, nbSent: 1, replies: [] })]);
  });

  it('takes a reply that comes after the deadline and before the tick', () => {
    const bench = new Bench();
    bench.start({ peers: [A] });
    bench.sent(A);
    expect(bench.reply(A, 'a', { now: 500 })).to.deep.equal([done(1, ['a'])]);
  });
});

describe('RequestTable, exclusive', () => {
  const exclusive = { id: 2, peers: [B], exclusive: true };
  const refused = complete({ status: 'failed', code: 'EEXIST', peer: B, nbSent: 0, replies: [] }, 2);
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    bench.start();
  });

  it('refuses the same name to the same peer while it is going on, and sends nothing', () => {
    expect(bench.start({ ...exclusive, peers: [C, B] })).to.deep.equal([refused]);
    bench.sent(B);
    expect(bench.start(exclusive)).to.deep.equal([refused]);
    expect(bench.table.size).to.equal(1);
  });

  it('allows another name, another peer, and a peer that has answered', () => {
    expect(bench.start({ ...exclusive, name: 'other' })).to.deep.equal([send(B, 2)]);
    expect(bench.start({ ...exclusive, id: 3, peers: [C] })).to.deep.equal([send(C, 3)]);
    bench.sent(B);
    bench.reply(B);
    expect(bench.start({ ...exclusive, id: 4 })).to.deep.equal([send(B, 4)]);
  });

  it('counts the peers that a sequential request has yet to ask', () => {
    bench.cancel('ECANCELED');
    bench.start({ order: 'sequential' });
    expect(bench.start(exclusive)).to.deep.equal([refused]);
  });

  it('is asked for by the later request, not by the earlier one', () => {
    expect(bench.start({ id: 2, peers: [A] })).to.deep.equal([send(A, 2)]);
  });
});

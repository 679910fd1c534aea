import { expect } from 'chai';
import type { RequestStart } from '../../protocol/index.js';
import { A, B, Bench, C, complete, done, drop, send } from './request-bench.js';

describe('RequestTable, parallel', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it('sends to all at once and is done with the last answer, replies as they came', () => {
    expect(bench.start()).to.deep.equal([send(A), send(B)]);
    expect(bench.sent(A)).to.deep.equal([]);
    expect(bench.sent(B)).to.deep.equal([]);
    expect(bench.reply(B, 'b')).to.deep.equal([]);
    expect(bench.table.has(1)).to.equal(true);
    expect(bench.reply(A, 'a')).to.deep.equal([done(2, ['b', 'a'])]);
    expect(bench.table.has(1)).to.equal(false);
    expect(bench.table.size).to.equal(0);
  });

  // what a 22.11 primary's callback gets from two peers: nb_sent/nb_received
  const answers: readonly [string, 'REP' | 'IGN' | 'silent', 'REP' | 'IGN' | 'silent', number, string[]][] = [
    ['both reply', 'REP', 'REP', 2, ['a', 'b']],
    ['one ignores', 'IGN', 'REP', 1, ['b']],
    ['both ignore', 'IGN', 'IGN', 0, []],
    ['one is silent', 'silent', 'REP', 2, ['b']],
    ['both are silent', 'silent', 'silent', 2, []],
    ['one is silent, one ignores', 'silent', 'IGN', 1, []],
  ];
  for (const [what, first, second, nbSent, replies] of answers) {
    it(`counts as C does when ${what}: ${nbSent}/${replies.length}`, () => {
      bench.start();
      bench.sent(A);
      bench.sent(B);
      const answer = (kind: string, peer: string, reply: string) =>
        kind === 'REP' ? bench.reply(peer, reply) : kind === 'IGN' ? bench.ignore(peer) : [];
      const effects = [...answer(first, A, 'a'), ...answer(second, B, 'b')];
      if (first === 'silent') {
        expect(effects).to.deep.equal([]);
        expect(bench.tick(100)).to.deep.equal([complete({ status: 'timeout', peer: A, nbSent, replies })]);
      } else {
        expect(effects).to.deep.equal([done(nbSent, replies)]);
      }
    });
  }

  it('is done 0/0 at once without peers', () => {
    expect(bench.start({ peers: [] })).to.deep.equal([done(0, [])]);
    expect(bench.table.size).to.equal(0);
  });

  it('skips the dead and does not count them', () => {
    bench.start();
    expect(bench.gone(A)).to.deep.equal([]);
    bench.sent(B);
    expect(bench.reply(B, 'b')).to.deep.equal([done(1, ['b'])]);
  });

  it('is done 0/0 when all are dead', () => {
    bench.start();
    bench.gone(A);
    expect(bench.gone(B)).to.deep.equal([done(0, [])]);
  });

  it('is done by the last send when everybody else has answered and this one is dead', () => {
    bench.start();
    bench.sent(A);
    expect(bench.reply(A, 'a')).to.deep.equal([]);
    expect(bench.gone(B)).to.deep.equal([done(1, ['a'])]);
  });

  it('waits for every send before it completes', () => {
    bench.start();
    bench.sent(A);
    expect(bench.reply(A, 'a')).to.deep.equal([]);
    expect(bench.sent(B)).to.deep.equal([]);
    expect(bench.reply(B, 'b')).to.deep.equal([done(2, ['a', 'b'])]);
  });

  it('fails at the first send that fails, keeps what has come, forgets the rest', () => {
    bench.start({ peers: [A, B, C] });
    bench.sent(A);
    bench.reply(A, 'a');
    const failure = complete({ status: 'failed', code: 'EPROTOTYPE', peer: B, nbSent: 1, replies: ['a'] });
    expect(bench.failed(B, 'EPROTOTYPE')).to.deep.equal([failure]);
    expect(bench.sent(C)).to.deep.equal([]);
    expect(bench.reply(C, 'c')).to.deep.equal([drop('late-reply', 'c')]);
  });

  it('fails when a peer is dead and that is an error', () => {
    bench.start({ peers: [A], goneIsError: true });
    const failure = complete({ status: 'failed', code: 'ECONNREFUSED', peer: A, nbSent: 0, replies: [] });
    expect(bench.gone(A)).to.deep.equal([failure]);
  });

  it('times out while sends are on their way, counting those delivered', () => {
    bench.start();
    bench.sent(B);
    expect(bench.tick(100)).to.deep.equal([complete({ status: 'timeout', peer: A, nbSent: 1, replies: [] })]);
    expect(bench.sent(A)).to.deep.equal([]);
  });

  it('asks a peer that is listed twice once', () => {
    expect(bench.start({ peers: [A, A, B] })).to.deep.equal([send(A), send(B)]);
  });

  it('takes the report of a send once', () => {
    bench.start();
    bench.sent(A);
    expect(bench.sent(A)).to.deep.equal([]);
    expect(bench.gone(A)).to.deep.equal([]);
    expect(bench.failed(A)).to.deep.equal([]);
    bench.sent(B);
    bench.reply(A, 'a');
    expect(bench.reply(B, 'b')).to.deep.equal([done(2, ['a', 'b'])]);
  });
});

describe('RequestTable, sequential', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  function startSequential(change: Partial<RequestStart> = {}) {
    return bench.start({ peers: [A, B, C], order: 'sequential', ...change });
  }

  it('asks the next peer when one has answered, ignored or was dead', () => {
    expect(startSequential()).to.deep.equal([send(A)]);
    expect(bench.sent(A)).to.deep.equal([]);
    expect(bench.reply(A, 'a')).to.deep.equal([send(B)]);
    expect(bench.gone(B)).to.deep.equal([send(C)]);
    bench.sent(C);
    expect(bench.ignore(C)).to.deep.equal([done(1, ['a'])]);
  });

  it('is done 0/0 at once without peers', () => {
    expect(startSequential({ peers: [] })).to.deep.equal([done(0, [])]);
  });

  it('times out at the first silent peer and never asks those behind it', () => {
    startSequential();
    bench.sent(A);
    bench.reply(A, 'a');
    bench.sent(B);
    expect(bench.tick(100)).to.deep.equal([
      complete({ status: 'timeout', peer: B, nbSent: 2, replies: ['a'] }),
    ]);
    expect(bench.table.size).to.equal(0);
  });

  it('shares one deadline, after which a peer is still asked', () => {
    startSequential();
    bench.sent(A);
    expect(bench.reply(A, 'a', { now: 150 })).to.deep.equal([send(B)]);
    expect(bench.tick(150)).to.deep.equal([
      complete({ status: 'timeout', peer: B, nbSent: 1, replies: ['a'] }),
    ]);
  });

  it('stops at a send that fails and keeps the replies', () => {
    startSequential();
    bench.sent(A);
    bench.reply(A, 'a');
    const failure = complete({ status: 'failed', code: 'ENOENT', peer: B, nbSent: 1, replies: ['a'] });
    expect(bench.failed(B)).to.deep.equal([failure]);
  });

  it('drops the reply of a peer whose turn is yet to come', () => {
    startSequential();
    bench.sent(A);
    expect(bench.reply(B, 'b')).to.deep.equal([drop('wrong-peer', 'b')]);
    expect(bench.reply(A, 'a')).to.deep.equal([send(B)]);
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { type RequestEffect, type RequestEvent, RequestTable } from '../../protocol/index.js';

const id = fc.integer({ min: 1, max: 3 });
const peer = fc.constantFrom('a', 'b', 'c');
const name = fc.constantFrom('x', 'y');
const code = fc.constantFrom('ECONNREFUSED', 'ENOENT');

const start = fc.record({
  kind: fc.constant('start' as const),
  id,
  name,
  peers: fc.array(peer, { maxLength: 4 }),
  order: fc.constantFrom('sequential', 'parallel'),
  deadline: fc.integer({ min: 0, max: 40 }),
  goneIsError: fc.boolean(),
  exclusive: fc.boolean(),
});

/** Any event; a `reply` gets its value when it is played, so that all replies differ. */
const event = fc.oneof(
  { weight: 3, arbitrary: start },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('sent' as const), id, peer }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('reply' as const), id, peer, name, reply: fc.constant(0) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ignore' as const), id, peer, name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('gone', 'send-failed'), id, peer, code }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), id, code }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tick' as const) }) },
);

/** Plays events and checks what must hold after any of them. */
class Watch {
  readonly table = new RequestTable<number>();
  readonly live = new Set<number>();
  readonly handedBack: number[] = [];
  replies = 0;
  starts = 0;
  completions = 0;

  play(event: RequestEvent<number>, now: number): void {
    if (event.kind === 'start') {
      if (this.live.has(event.id)) return;
      this.live.add(event.id);
      this.starts++;
    }
    const played = event.kind === 'reply' ? { ...event, reply: ++this.replies } : event;
    for (const effect of this.table.dispatch(played, now)) this.check(effect);
    expect(this.table.size).to.equal(this.live.size);
  }

  check(effect: RequestEffect<number>): void {
    if (effect.kind === 'drop') {
      this.handedBack.push(...effect.replies);
      return;
    }
    expect(this.live.has(effect.id), 'an effect of a completed request').to.equal(true);
    if (effect.kind === 'send') return;
    const { status, nbSent, nbReceived, replies, code } = effect.outcome;
    expect(nbReceived).to.equal(replies.length);
    expect(nbReceived).to.be.at.most(nbSent);
    if (status === 'done') expect(nbReceived, 'done before everybody answered').to.equal(nbSent);
    expect(code !== undefined).to.equal(status === 'failed');
    this.handedBack.push(...replies);
    this.live.delete(effect.id);
    this.completions++;
  }
}

describe('RequestTable, random events', () => {
  it('completes each request once and hands each reply back once', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const watch = new Watch();
        events.forEach((each, now) => {
          watch.play(each as RequestEvent<number>, now);
        });
        watch.play({ kind: 'tick' }, Number.POSITIVE_INFINITY);
        expect(watch.completions).to.equal(watch.starts);
        expect(watch.table.nextDeadline).to.equal(undefined);
        const everyReply = Array.from({ length: watch.replies }, (_, i) => i + 1);
        expect(watch.handedBack.sort((a, b) => a - b)).to.deep.equal(everyReply);
      }),
      { numRuns: 1000 },
    );
  });
});

import type { Check } from '../check.js';
import type { RawPeer } from '../raw-peer.js';
import { expectFields, type Stage } from '../stage.js';
import { expectTook } from '../verdict.js';

/** Two peers of a primary. */
function pair(stage: Stage): [RawPeer, RawPeer] {
  return [stage.peer('b'), stage.peer('c')];
}

const C50: Check = {
  id: 'C50',
  title: 'first of two peers is silent',
  stimulus: 'a synchronous request to two peers; the one that is asked first says nothing',
  expectation: 'ETIMEDOUT, nb_sent 1; the other one gets nothing',
  roles: ['primary'],
  needs: ['driver'],
  async run(stage) {
    const peers = pair(stage);
    const asked = stage.command('req any - 200');
    const { other } = await stage.firstToReceive(peers);
    expectFields((await asked).line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1, nb_received: 0 });
    await stage.expectNothingFor(other);
    return undefined;
  },
};

const C51: Check = {
  id: 'C51',
  title: 'one deadline for all',
  stimulus: 'two peers that take 250 ms each, timeout 400 ms',
  expectation: 'ETIMEDOUT after 400 ms, nb_sent 2, nb_received 0',
  roles: ['primary'],
  needs: ['driver'],
  ours: {
    expectation: 'ETIMEDOUT after 400 ms, nb_sent 2, with the one answer',
    why: 'it may still be of use',
  },
  async run(stage) {
    const peers = pair(stage);
    const asked = stage.command('req any - 400');
    const { peer, message } = await stage.firstToReceive(peers);
    await new Promise((resolve) => setTimeout(resolve, 250));
    await peer.answer(message);
    const { line } = await asked;
    expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 2 });
    expectTook(Number(line.fields.us), 400);
    return line.fields.nb_received === '0' ? 'as C' : 'as ours';
  },
};

/** What each peer says, and what comes of it. */
const COMBINATIONS = [
  { says: ['REP', 'REP'], nb_sent: 2, nb_received: 2 },
  { says: ['IGN', 'REP'], nb_sent: 1, nb_received: 1 },
  { says: ['IGN', 'IGN'], nb_sent: 0, nb_received: 0 },
  { says: ['', 'REP'], nb_sent: 2, nb_received: 1 },
  { says: ['', ''], nb_sent: 2, nb_received: 0 },
  { says: ['', 'IGN'], nb_sent: 1, nb_received: 0 },
] as const;

const C54: Check = {
  id: 'C54',
  title: 'answers of two peers',
  stimulus: 'an asynchronous request to two peers; each combination of REP, IGN and silence',
  expectation:
    'nb_sent/nb_received: REP+REP 2/2, IGN+REP 1/1, IGN+IGN 0/0, silence+REP 2/1, twice silence 2/0, silence+IGN 1/0',
  roles: ['primary'],
  needs: ['driver'],
  async run(stage) {
    const peers = pair(stage);
    for (const { says, ...counts } of COMBINATIONS) {
      const from = stage.lineCount;
      await stage.command(`areq combined - ${says.includes('' as never) ? 200 : 3000}`);
      for (const [i, peer] of peers.entries()) {
        const request = await peer.next();
        if (says[i] === 'REP') await peer.answer(request);
        if (says[i] === 'IGN') await peer.ignore(request);
      }
      expectFields(await stage.line('areply', from), counts);
    }
    return undefined;
  },
};

/** Section 6.4's checks of requests to several peers. */
export const SEVERAL_PEERS: readonly Check[] = [C50, C51, C54];

import { MpType } from '../../../protocol/message.js';
import type { Behaviour, Check } from '../check.js';
import type { Parts } from '../raw-peer.js';
import { expectFields, type Stage } from '../stage.js';
import { CheckSkip, expectEqual } from '../verdict.js';

const SAYS_IGN = {
  expectation: "IGN at once (unhandledRequests 'silent' does as C does)",
  why: 'the requester would wait for its whole timeout, and a broadcast would end there',
};

/** The handler is called for an odd message: it says so, or answers. */
async function expectHandled(stage: Stage, parts: Parts): Promise<void> {
  const { name, param } = stage.subject.probe;
  if (stage.subject.driver === undefined) {
    await stage.main.send({ name, param, ...parts });
    expectEqual((await stage.main.next()).name, name, 'the name of the answer');
    return;
  }
  const from = stage.lineCount;
  await stage.main.send({ name: 'note', ...parts });
  expectFields(await stage.line('got', from), { name: 'note' });
}

/** C says nothing to it; others may say IGN. */
async function answerTo(stage: Stage, parts: Parts): Promise<Behaviour> {
  await stage.main.send(parts);
  const { name, param } = stage.subject.probe;
  await stage.main.send({ name, param });
  const first = await stage.main.next();
  if (first.name === name) return 'as C';
  expectEqual(first.type, MpType.IGN, 'the type of what came');
  await stage.main.next();
  return 'as ours';
}

const C25: Check = {
  id: 'C25',
  title: 'unknown type, registered name',
  stimulus: 'type 4 and type -1 under a registered name',
  expectation: 'the handler is called',
  async run(stage) {
    const { implementation, driver } = stage.subject;
    if (implementation !== 'C' && driver === undefined)
      throw new CheckSkip('needs a driver: only C answers what is no REQ');
    await expectHandled(stage, { type: 4 });
    await expectHandled(stage, { type: -1 });
    return undefined;
  },
};

const C26: Check = {
  id: 'C26',
  title: 'unknown type, unknown name',
  stimulus: 'type 0x7fffffff under a name that nobody registered',
  expectation: "'Cannot find action', no IGN, everything goes on",
  async run(stage) {
    expectEqual(await answerTo(stage, { type: 0x7fffffff, name: 'nobody' }), 'as C', 'its behaviour');
    await stage.expectLog('Cannot find action: nobody');
    return undefined;
  },
};

const C27: Check = {
  id: 'C27',
  title: 'answer that nobody waits for',
  stimulus: 'types 2 and 3 with nothing pending',
  expectation: "'Drop mp reply', everything goes on",
  async run(stage) {
    for (const type of [MpType.REP, MpType.IGN]) await stage.main.send({ type, name: 'uncalled' });
    await stage.expectNothingFor();
    await stage.expectLog('Drop mp reply: uncalled');
    return undefined;
  },
};

const C28: Check = {
  id: 'C28',
  title: 'name without end, empty name',
  stimulus: 'a REQ with 64 bytes of name and no NUL; one with an empty name',
  expectation: "'Cannot find action', no answer, everything goes on",
  async run(stage) {
    const unterminated = new Uint8Array(64).fill(0x78);
    expectEqual(await answerTo(stage, { nameBytes: unterminated }), 'as C', 'the behaviour for 64 bytes');
    const empty = await answerTo(stage, { nameBytes: new Uint8Array(64) });
    expectEqual(empty, 'as C', 'the behaviour for an empty name');
    await stage.expectLog('Cannot find action');
    return undefined;
  },
};

const C29: Check = {
  id: 'C29',
  title: 'bytes behind the NUL',
  stimulus: 'a registered name, its NUL, and other bytes behind it',
  expectation: 'it is the registered name',
  async run(stage) {
    const name = stage.subject.driver === undefined ? stage.subject.probe.name : 'note';
    const nameBytes = new Uint8Array(64).fill(0x78);
    nameBytes.set(Buffer.from(`${name}\0`));
    await expectHandled(stage, { nameBytes });
    return undefined;
  },
};

const C30: Check = {
  id: 'C30',
  title: 'descriptors of what nobody handles',
  stimulus: 'a MSG under an unknown name and a REP that nobody waits for, 2 descriptors each',
  expectation: 'they are closed',
  needs: ['pid'],
  notRun: '21.11.0 leaves them open (since 22.11.3 as here): there is no such release here',
  async run(stage) {
    await stage.probe();
    const before = stage.descriptors;
    for (const type of [MpType.MSG, MpType.REP]) await stage.main.send({ type, name: 'nobody' }, [0, 0]);
    await stage.probe();
    expectEqual(stage.descriptors - before, 0, 'the number of descriptors left open');
    return undefined;
  },
};

const C30A: Check = {
  id: 'C30a',
  title: 'unknown request',
  stimulus: 'a REQ under a name that nobody registered, after initialisation (section 2.7)',
  expectation: "'Cannot find action', no answer",
  ours: SAYS_IGN,
  run: (stage) => answerTo(stage, { name: 'nobody' }),
};

/** Section 6.2's checks of what is odd and does no harm. */
export const ODD: readonly Check[] = [C25, C26, C27, C28, C29, C30, C30A];

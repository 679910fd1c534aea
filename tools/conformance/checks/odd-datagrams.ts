import { MpType } from '../../../protocol/message.js';
import { type Behaviour, defineChecks } from '../check.js';
import { CheckSkip, expectEqual, expectFields } from '../expect.js';
import type { DatagramFields } from '../raw-peer.js';
import type { Tester } from '../tester.js';

const ANY_SUBJECT = { needs: [] };

/** Section 6.2: odd datagrams that do no harm. */
export const ODD = defineChecks(ANY_SUBJECT, {
  C25: {
    title: 'unknown type, registered name',
    stimulus: 'type 4 and type -1 under a registered name',
    expectation: 'the handler is called',
    async run(tester) {
      const { implementation, driver } = tester.subject;
      if (implementation !== 'C' && driver === undefined)
        throw new CheckSkip('needs a driver: only C answers a message that is no REQ');
      await expectHandled(tester, { type: 4 });
      await expectHandled(tester, { type: -1 });
    },
  },
  C26: {
    title: 'unknown type, unknown name',
    stimulus: 'type 0x7fffffff under an unregistered name',
    expectation: "'Cannot find action', no IGN, IPC goes on",
    async run(tester) {
      expectEqual(await answerTo(tester, { type: 0x7fffffff, name: 'nobody' }), 'as C', 'its behaviour');
      await tester.expectLog('Cannot find action: nobody');
    },
  },
  C27: {
    title: 'answer without a request',
    stimulus: 'types 2 and 3 while no request is pending',
    expectation: "'Drop mp reply', IPC goes on",
    async run(tester) {
      for (const type of [MpType.REP, MpType.IGN]) await tester.mainPeer.send({ type, name: 'uncalled' });
      await tester.expectNothingFor();
      await tester.expectLog('Drop mp reply: uncalled');
    },
  },
  C28: {
    title: 'unterminated name, empty name',
    stimulus: 'a REQ with 64 bytes of name and no NUL; one with an empty name',
    expectation: "'Cannot find action', no answer, IPC goes on",
    async run(tester) {
      const unterminated = new Uint8Array(64).fill(0x78);
      for (const nameBytes of [unterminated, new Uint8Array(64)])
        expectEqual(
          await answerTo(tester, { nameBytes }),
          'as C',
          `the behaviour for a name of bytes ${nameBytes[0]}`,
        );
      await tester.expectLog('Cannot find action');
    },
  },
  C29: {
    title: 'bytes after the NUL',
    stimulus: 'a registered name, its NUL, and other bytes after it',
    expectation: 'the handler of the registered name is called',
    async run(tester) {
      const name = tester.subject.driver === undefined ? tester.subject.probe.name : 'note';
      const nameBytes = new Uint8Array(64).fill(0x78);
      nameBytes.set(Buffer.from(`${name}\0`));
      await expectHandled(tester, { nameBytes });
    },
  },
  C30: {
    title: 'descriptors of unhandled messages',
    stimulus: 'a MSG under an unknown name and a REP without a request, 2 descriptors each',
    expectation: 'they are closed',
    needs: ['pid'],
    notRun: '21.11.0 leaves them open (since 22.11.3 as here): there is no such release here',
    async run(tester) {
      await tester.probe();
      const before = tester.descriptors;
      for (const type of [MpType.MSG, MpType.REP])
        await tester.mainPeer.send({ type, name: 'nobody' }, [0, 0]);
      await tester.probe();
      expectEqual(tester.descriptors - before, 0, 'the number of descriptors left open');
    },
  },
  C30a: {
    title: 'unknown request',
    stimulus: 'a REQ under an unregistered name, after initialisation (section 2.7)',
    expectation: "'Cannot find action', no answer",
    ours: {
      expectation: "IGN at once (unhandledRequests 'silent' does as C does)",
      why: 'the requester would wait for its whole timeout, and a broadcast would end there',
    },
    run: (tester) => answerTo(tester, { name: 'nobody' }),
  },
});

/** Sends an odd message; expects that its handler is called: it prints a line, or answers where there is no driver. */
async function expectHandled(tester: Tester, datagram: DatagramFields): Promise<void> {
  const { driver, probe } = tester.subject;
  if (driver === undefined) {
    await tester.mainPeer.send({ ...probe, ...datagram });
    expectEqual((await tester.mainPeer.next()).name, probe.name, 'the name of the answer');
    return;
  }
  const from = driver.lines.length;
  await tester.mainPeer.send({ name: 'note', ...datagram });
  expectFields(await tester.line('got', { from }), { name: 'note' });
}

/** Sends a message that has no handler: C sends no answer, others may send IGN. */
async function answerTo(tester: Tester, datagram: DatagramFields): Promise<Behaviour> {
  const { mainPeer } = tester;
  await mainPeer.send(datagram);
  await mainPeer.send(tester.subject.probe);
  const first = await mainPeer.next();
  if (first.name === tester.subject.probe.name) return 'as C';
  expectEqual(first.type, MpType.IGN, 'the type of what came');
  await mainPeer.next();
  return 'as ours';
}

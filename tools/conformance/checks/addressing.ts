import { statSync, symlinkSync, unlinkSync } from 'node:fs';
import { MpType } from '../../../protocol/message.js';
import type { DatagramSocket } from '../../../sys/datagram-socket.js';
import { tryUnlink } from '../../../sys/files.js';
import {
  ASYNC_CONTRADICTION,
  DRIVEN,
  defineChecks,
  judgeAsync,
  mayCallBack,
  SEPARATE_PROCESSES,
} from '../check.js';
import { expectEqual, expectFields, expectThat } from '../expect.js';
import { type DatagramFields, openSocket } from '../raw-peer.js';
import type { Tester } from '../tester.js';

const MATCHED_BY_SENDER = 'an answer counts only if it comes from the path that was asked';

/** Section 6.3: paths of senders and receivers. */
export const ADDRESSING = defineChecks(DRIVEN, {
  C34: {
    title: 'answer with a wrong name',
    stimulus: 'a REP with another name, then one with the right name',
    expectation: 'the first is dropped, the second is the answer',
    async run(tester) {
      const { mainPeer } = tester;
      const asked = tester.command('req right - 2000');
      const request = await mainPeer.next();
      await mainPeer.answer(request, { name: 'wrong', param: 'no' });
      await mainPeer.answer(request, { param: 'yes' });
      expectFields(await asked, { ret: 0, nb_sent: 1, nb_received: 1 });
      expectEqual(tester.lines('req.reply')[0]?.fields.text, 'yes', 'the answer');
    },
  },
  C35: {
    title: 'answer from another path',
    stimulus: "a REP from a socket with another path than the asked peer's",
    expectation: `dropped, ETIMEDOUT: ${MATCHED_BY_SENDER}`,
    async run(tester) {
      const other = tester.addPeer('other', `${tester.subject.directory}/elsewhere`);
      const asked = tester.command('req any - 300');
      other.tryAnswer(await tester.mainPeer.next()); // fails where the requester's socket is connected
      expectFields(await asked, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1, nb_received: 0 });
    },
  },
  C36: {
    title: 'another spelling of the same path',
    stimulus: "the asked peer's socket is bound through a symbolic link to the directory; by a relative path",
    expectation: `it receives the REQ; its REP is dropped: ${MATCHED_BY_SENDER}, as strings`,
    ours: {
      roles: ['secondary'],
      expectation: 'a secondary takes the REP',
      why: 'its socket is connected to the primary: the kernel lets no other process answer',
    },
    async run(tester) {
      const { directory } = tester.subject;
      const path = tester.isPrimary ? tester.peerPath('spelled') : `${directory}/mp_socket`;
      const name = path.slice(directory.length + 1);
      const link = `${directory}~`;
      symlinkSync(directory, link);
      tester.defer(() => unlinkSync(link));
      if (!tester.isPrimary) tester.defer(() => tester.started.bindPrimary());
      for (const spelling of [`${link}/${name}`, name]) {
        const peer = inDirectory(directory, () => tester.addPeer('spelled', spelling));
        const asked = tester.command('req any - 300');
        await peer.answer(await peer.next());
        const line = await asked;
        peer.close();
        tryUnlink(path);
        if (line.fields.ret === '0') return 'as ours';
        expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_received: 0 });
      }
      return 'as C';
    },
  },
  C37: {
    title: 'requester outside the directory',
    stimulus: 'a REQ from a socket that is bound elsewhere',
    expectation: 'it gets its REP, and no broadcast',
    needs: [],
    async run(tester) {
      const outside = tester.addPeer('outside', `${tester.subject.directory}~outside`);
      await tester.probe(outside);
      if (!tester.isPrimary || tester.subject.driver === undefined) return;
      const { mainPeer } = tester;
      await tester.command('bcast any -');
      await mainPeer.next();
      await tester.expectNothingFor(outside);
    },
  },
  C38: {
    title: 'request without a sender',
    stimulus: 'a REQ from a bound socket, then one from an unbound socket',
    expectation: 'the answer to the second goes to the first one, too',
    needs: [],
    ours: {
      expectation: 'the second one is handled, and not answered',
      why: 'the answer would reach a peer that did not ask',
    },
    async run(tester) {
      await tester.probe();
      sendUnnamed(tester, 'unbound', tester.subject.probe);
      const other = tester.addPeer('other');
      await tester.probe(other);
      if (tester.mainPeer.waiting === 0) return 'as ours';
      await tester.mainPeer.next();
      return 'as C';
    },
  },
  C39: {
    title: 'answer without a sender',
    stimulus: 'a request is pending to a peer that has just sent something; a REP from an unbound socket',
    expectation: "it is taken for the peer's",
    ours: { expectation: 'dropped, ETIMEDOUT', why: 'any process could answer for another one' },
    async run(tester) {
      const asked = tester.command('req any - 400');
      await tester.mainPeer.next();
      await tester.mainPeer.send({ type: MpType.MSG, name: 'note' });
      sendUnnamed(tester, 'unbound', { type: MpType.REP, name: 'any', param: 'spoofed' });
      const line = await asked;
      if (line.fields.ret === '0') return 'as C';
      expectFields(line, { ret: -1, errno: 'ETIMEDOUT' });
      return 'as ours';
    },
  },
  C40: {
    title: 'requester in the abstract namespace',
    stimulus: 'a REQ from a socket with an abstract name',
    expectation: 'the handler sees an empty path, and no answer arrives',
    async run(tester) {
      const abstract = sendUnnamed(tester, 'abstract', { name: 'echo', param: 'x' });
      expectFields(await tester.line('got'), { name: 'echo', peer: '' });
      await tester.probe();
      expectThat(abstract.receive() === undefined, 'the answer arrived');
    },
  },
  C41: {
    title: 'answer from an abstract socket to a request without peers',
    stimulus: 'an asynchronous request with no peer, then a REP of its name with an abstract sender',
    expectation: 'the process dies (SIGSEGV); from 26.07 on it is dropped',
    roles: ['primary'],
    ...SEPARATE_PROCESSES,
    ours: { expectation: 'dropped', why: 'a datagram must not end a process' },
    notRun: '26.07 and later drop it, because the request is over: there is no such release here',
    contradiction: `${ASYNC_CONTRADICTION}. One early run of 25.11.4 ended after such a REP; no later one did`,
    async run(tester) {
      await tester.command('areq orphan - 500');
      if (mayCallBack(tester.subject)) await tester.line('areply', { timeoutMs: 1_000 }).catch(() => {});
      sendUnnamed(tester, 'abstract', { type: MpType.REP, name: 'orphan', param: 'x' });
      const state = await tester.ipcState();
      expectThat(state !== 'thread gone', 'its IPC thread is gone');
      return judgeAsync(tester.subject, state === 'answers');
    },
  },
  C42: {
    title: 'request straight to a secondary',
    stimulus: "a REQ to a secondary's own socket",
    expectation: 'handled and answered',
    needs: [],
    roles: ['secondary'],
    async run(tester) {
      await tester.probe(tester.addPeer('stranger'));
    },
  },
  C43: {
    title: 'names that a broadcast reaches',
    stimulus: "sockets named 'mp_socketX' and 'mp_socket_', and a broadcast",
    expectation: 'the second one gets it, the first one does not',
    roles: ['primary'],
    async run(tester) {
      const { directory } = tester.subject;
      const outside = tester.addPeer('X', `${directory}/mp_socketX`);
      const inside = tester.addPeer('_', `${directory}/mp_socket_`);
      expectThat(statSync(outside.path).isSocket(), 'the socket is not there');
      await tester.command('bcast to-names -');
      expectEqual((await inside.next()).name, 'to-names', 'the message that came');
      await tester.expectNothingFor(outside);
    },
  },
});

/** Sends from a socket without a path: an unbound one, or one in the abstract namespace. Returns that socket. */
function sendUnnamed(tester: Tester, kind: 'unbound' | 'abstract', fields: DatagramFields): DatagramSocket {
  const socket = openSocket();
  tester.defer(() => socket.close());
  if (kind === 'abstract') socket.bind(''); // the NUL at the start of the path makes it abstract
  socket.send(tester.datagram(fields), [], tester.subject.socketPath);
  return socket;
}

/** Calls `bind` with another working directory, and goes back before other code runs. */
function inDirectory<T>(directory: string, bind: () => T): T {
  const before = process.cwd();
  process.chdir(directory);
  try {
    return bind();
  } finally {
    process.chdir(before);
  }
}

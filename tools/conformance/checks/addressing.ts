import { statSync, symlinkSync, unlinkSync } from 'node:fs';
import { MpType } from '../../../protocol/message.js';
import { tryUnlink } from '../../../sys/files.js';
import { type Check, judgeAsync, mayCallBack } from '../check.js';
import type { RawPeer } from '../raw-peer.js';
import { expectFields, type Stage } from '../stage.js';
import { expectEqual, expectThat } from '../verdict.js';

const MATCHED_BY_SENDER = 'an answer counts only if it comes from the path that was asked';

/** A REP under this name with this text, as a peer sends it. */
function rep(stage: Stage, name: string, text: string): Uint8Array {
  return stage.datagram({ type: MpType.REP, name, param: text });
}

const C34: Check = {
  id: 'C34',
  title: 'answer with a wrong name',
  stimulus: 'a REP with another name, then one with the right name',
  expectation: 'the first is dropped, the second is the answer',
  needs: ['driver'],
  async run(stage) {
    const { main } = stage;
    const asked = stage.command('req right - 2000');
    const request = await main.next();
    await main.answer(request, { name: 'wrong', param: 'no' });
    await main.answer(request, { param: 'yes' });
    const { line, before } = await asked;
    expectFields(line, { ret: 0, nb_sent: 1, nb_received: 1 });
    expectEqual(before.find(({ event }) => event === 'req.reply')?.fields.text, 'yes', 'the answer');
    return undefined;
  },
};

const C35: Check = {
  id: 'C35',
  title: 'answer from another path',
  stimulus: 'a REP from a socket of another path than the one that was asked',
  expectation: `dropped, ETIMEDOUT: ${MATCHED_BY_SENDER}`,
  needs: ['driver'],
  async run(stage) {
    const other = stage.peer('other', `${stage.subject.directory}/elsewhere`);
    const asked = stage.command('req any - 300');
    const { sender } = await stage.main.next();
    other.trySend(rep(stage, 'any', 'x'), [], sender); // refused where the asking socket is connected
    expectFields((await asked).line, { ret: -1, errno: 'ETIMEDOUT', nb_sent: 1, nb_received: 0 });
    return undefined;
  },
};

/** A second spelling of the runtime directory, through a symbolic link next to it. */
function otherSpelling(stage: Stage): string {
  const link = `${stage.subject.directory}~`;
  symlinkSync(stage.subject.directory, link);
  stage.defer(() => unlinkSync(link));
  return link;
}

/** Calls `bind` there, and is back before anything else of this process runs: another check, perhaps. */
function inDirectory<T>(directory: string, bind: () => T): T {
  const before = process.cwd();
  process.chdir(directory);
  try {
    return bind();
  } finally {
    process.chdir(before);
  }
}

const C36: Check = {
  id: 'C36',
  title: 'another spelling of the same path',
  stimulus: "the asked peer's socket is bound through a symbolic link to the directory; by a relative path",
  expectation: `it receives the REQ; its REP is dropped: ${MATCHED_BY_SENDER}, as strings`,
  needs: ['driver'],
  ours: {
    roles: ['secondary'],
    expectation: 'a secondary takes the REP',
    why: 'its socket is connected to the one that it asked: the kernel sees that nobody else answers',
  },
  async run(stage) {
    const { directory } = stage.subject;
    const path = stage.isPrimary ? stage.pathOf('spelled') : `${directory}/mp_socket`;
    const name = path.slice(directory.length + 1);
    const link = otherSpelling(stage);
    if (!stage.isPrimary) stage.defer(() => stage.renewMain());
    for (const spelling of [`${link}/${name}`, name]) {
      const peer = inDirectory(directory, () => stage.peer('spelled', spelling));
      const asked = stage.command('req any - 300');
      await peer.answer(await peer.next());
      const { line } = await asked;
      peer.close();
      tryUnlink(path);
      if (line.fields.ret === '0') return 'as ours';
      expectFields(line, { ret: -1, errno: 'ETIMEDOUT', nb_received: 0 });
    }
    return 'as C';
  },
};

const C37: Check = {
  id: 'C37',
  title: 'requester outside the directory',
  stimulus: 'a REQ from a socket that is bound elsewhere',
  expectation: 'it gets its REP, and no broadcast',
  async run(stage) {
    const outside = stage.peer('outside', `${stage.subject.directory}~outside`);
    await stage.probe(outside);
    if (!stage.isPrimary || stage.subject.driver === undefined) return undefined;
    void stage.main;
    await stage.command('bcast any -');
    await stage.main.next();
    await stage.expectNothingFor(outside);
    return undefined;
  },
};

const C38: Check = {
  id: 'C38',
  title: 'request without a sender',
  stimulus: 'a REQ from a bound socket, then one from an unbound socket',
  expectation: 'the answer to the second goes to the first one, too',
  ours: {
    expectation: 'the second one is handled, and not answered',
    why: 'its answer would reach somebody who has not asked',
  },
  async run(stage) {
    await stage.probe();
    const { name, param } = stage.subject.probe;
    stage.nameless('unbound').send(stage.datagram({ name, param }), [], stage.subject.socketPath);
    const other = stage.peer('other');
    await stage.probe(other);
    if (stage.main.waiting === 0) return 'as ours';
    await stage.main.next();
    return 'as C';
  },
};

const C39: Check = {
  id: 'C39',
  title: 'answer without a sender',
  stimulus: 'a request is pending to a peer that has just sent something; a REP from an unbound socket',
  expectation: "it is taken for the peer's",
  needs: ['driver'],
  ours: { expectation: 'dropped, ETIMEDOUT', why: 'anybody could answer in the name of somebody else' },
  async run(stage) {
    const asked = stage.command('req any - 400');
    await stage.main.next();
    await stage.main.send({ type: MpType.MSG, name: 'note' });
    stage.nameless('unbound').send(rep(stage, 'any', 'spoofed'), [], stage.subject.socketPath);
    const { line } = await asked;
    if (line.fields.ret === '0') return 'as C';
    expectFields(line, { ret: -1, errno: 'ETIMEDOUT' });
    return 'as ours';
  },
};

const C40: Check = {
  id: 'C40',
  title: 'requester in the abstract namespace',
  stimulus: 'a REQ from a socket with an abstract name',
  expectation: 'the handler sees an empty path, and no answer arrives',
  needs: ['driver'],
  async run(stage) {
    const abstract = stage.nameless('abstract');
    const from = stage.lineCount;
    abstract.send(stage.datagram({ name: 'echo', param: 'x' }), [], stage.subject.socketPath);
    expectFields(await stage.line('got', from), { name: 'echo', peer: '' });
    await stage.probe();
    expectThat(abstract.receive() === undefined, 'the answer arrived');
    return undefined;
  },
};

const C41: Check = {
  id: 'C41',
  title: 'abstract answer to a request that went to nobody',
  stimulus: 'an asynchronous request with no peer, then a REP of its name with an abstract sender',
  expectation: 'the process dies (SIGSEGV); from 26.07 on it is dropped',
  roles: ['primary'],
  destructive: true,
  needs: ['driver', 'place'],
  ours: { expectation: 'dropped', why: 'a process must not die of a datagram' },
  notRun: '26.07 and later drop it, because the request is over: there is no such release here',
  contradiction:
    '24.11.8 and 25.11.4 do as 26.07 does, and 22.11.11 does not; the reference has 24.11.0 and 26.07 only. ' +
    'One early run of 25.11.4 ended after such a REP; no later one did',
  async run(stage) {
    const from = stage.lineCount;
    await stage.command('areq orphan - 500');
    if (mayCallBack(stage)) await stage.line('areply', from, 1_000).catch(() => {});
    stage.nameless('abstract').send(rep(stage, 'orphan', 'x'), [], stage.subject.socketPath);
    const fate = await stage.fate();
    expectThat(fate !== 'ended', 'its IPC thread is gone');
    return judgeAsync(stage, fate === 'alive');
  },
};

const C42: Check = {
  id: 'C42',
  title: 'request straight to a secondary',
  stimulus: "a REQ to a secondary's own socket",
  expectation: 'handled and answered',
  roles: ['secondary'],
  async run(stage) {
    const stranger = stage.peer('stranger');
    await stage.probe(stranger);
    return undefined;
  },
};

const C43: Check = {
  id: 'C43',
  title: 'whom a broadcast reaches',
  stimulus: "sockets named 'mp_socketX' and 'mp_socket_', and a broadcast",
  expectation: 'the second one gets it, the first one does not',
  roles: ['primary'],
  needs: ['driver'],
  async run(stage) {
    const { directory } = stage.subject;
    const [outside, inside] = ['mp_socketX', 'mp_socket_'].map((name) =>
      stage.peer(name, `${directory}/${name}`),
    ) as [RawPeer, RawPeer];
    expectThat(statSync(outside.path).isSocket(), 'the socket is not there');
    const name = stage.marker();
    await stage.command(`bcast ${name} -`);
    expectEqual((await inside.next()).name, name, 'the message that came');
    await stage.expectNothingFor(outside);
    return undefined;
  },
};

/** Section 6.3. */
export const ADDRESSING: readonly Check[] = [C34, C35, C36, C37, C38, C39, C40, C41, C42, C43];

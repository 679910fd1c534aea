import { existsSync, lstatSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type Check, judgeAsync } from '../check.js';
import { expectErrno, expectFields, type Stage } from '../stage.js';
import { expectEqual, expectThat } from '../verdict.js';

/** A link to nothing that a broadcast reaches. */
function danglingLink(stage: Stage): string {
  const path = stage.pathOf('link');
  symlinkSync('/nowhere/at/all', path);
  stage.defer(() => unlinkSync(path));
  return path;
}

const C55: Check = {
  id: 'C55',
  title: 'asynchronous request that fails in part',
  stimulus: 'one peer, one link to nothing',
  expectation: 'ENOENT, and the callback is still called; from 26.07 on it is not',
  roles: ['primary'],
  needs: ['driver'],
  ours: { expectation: 'ENOENT, and that is all', why: 'as DPDK itself does it from 26.07 on' },
  notRun: '26.07 and later call no callback: there is no such release here',
  contradiction:
    '24.11.8 and 25.11.4 do as 26.07 does, and 22.11.11 does not; the reference has 24.11.0 and 26.07 only',
  async run(stage) {
    const { main } = stage;
    danglingLink(stage);
    const from = stage.lineCount;
    expectErrno((await stage.command('areq partial - 2000')).line, 'ENOENT');
    const request = await main.nextOrNothing(300);
    if (request !== undefined) main.trySend(stage.datagram({ type: 2, name: 'partial' }), [], request.sender);
    await stage.probe();
    const callback = stage.driver.lines.slice(from).find(({ event }) => event === 'areply');
    if (callback !== undefined) expectFields(callback, { nb_sent: 1, nb_received: 1 });
    return judgeAsync(stage, callback === undefined);
  },
};

const C57: Check = {
  id: 'C57',
  title: 'stale socket file',
  stimulus: 'the socket of a killed peer, before a message, a synchronous and an asynchronous request',
  expectation: '0, the file is removed, and it is not counted',
  roles: ['primary'],
  needs: ['driver'],
  async run(stage) {
    for (const command of ['bcast any -', 'req any - 300', 'areq any - 300']) {
      const peer = stage.peer('stale');
      peer.die();
      const { line } = await stage.command(command);
      expectFields(line, { ret: 0 });
      if (line.event === 'req') expectFields(line, { nb_sent: 0, nb_received: 0 });
      expectThat(!existsSync(peer.path), `its file is still there after ${line.event}`);
    }
    return undefined;
  },
};

const C58: Check = {
  id: 'C58',
  title: 'names that are no datagram sockets',
  stimulus: 'a regular file, a link to nothing, a stream socket under the name of a peer, and a broadcast',
  expectation: 'removed, 0; stays, ENOENT; stays, EPROTOTYPE',
  roles: ['primary'],
  needs: ['driver'],
  ours: {
    expectation: 'stays, 0; stays, ENOENT; stays, EPROTOTYPE',
    why: "a regular file is somebody's mistake: it stays for them to see",
  },
  async run(stage) {
    const file = stage.pathOf('file');
    writeFileSync(file, '');
    expectFields((await stage.command('bcast any -')).line, { ret: 0 });
    const isRemoved = !existsSync(file);
    if (!isRemoved) unlinkSync(file);
    const link = danglingLink(stage);
    expectErrno((await stage.command('bcast any -')).line, 'ENOENT');
    expectThat(lstatSync(link).isSymbolicLink(), 'the link was removed');
    await stage.end();
    const stream = await streamSocket(stage);
    expectErrno((await stage.command('bcast any -')).line, 'EPROTOTYPE');
    expectThat(existsSync(stream), 'the stream socket was removed');
    return isRemoved ? 'as C' : 'as ours';
  },
};

async function streamSocket(stage: Stage): Promise<string> {
  const path = stage.pathOf('stream');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  stage.defer(() => new Promise((resolve) => server.close(resolve)));
  return path;
}

const C59: Check = {
  id: 'C59',
  title: 'broadcast with one failing peer',
  stimulus: 'a message to two peers and a link to nothing',
  expectation: '-1; both peers get it',
  roles: ['primary'],
  needs: ['driver'],
  async run(stage) {
    danglingLink(stage);
    const peers = [stage.peer('b'), stage.peer('c')];
    const name = stage.marker();
    expectErrno((await stage.command(`bcast ${name} -`)).line, 'ENOENT');
    for (const peer of peers) expectEqual((await peer.next()).name, name, 'the message that came');
    return undefined;
  },
};

const C60: Check = {
  id: 'C60',
  title: 'primary that is gone',
  stimulus:
    "a secondary's message, synchronous and asynchronous request; the primary was killed; it has exited",
  expectation: 'ECONNREFUSED, the file remains; ENOENT',
  roles: ['secondary'],
  needs: ['driver'],
  async run(stage) {
    const { path } = stage.main;
    const commands = ['bcast any -', 'req any - 300', 'areq any - 300'];
    stage.main.die();
    stage.defer(() => stage.renewMain());
    for (const command of commands) expectErrno((await stage.command(command)).line, 'ECONNREFUSED');
    expectThat(existsSync(path), 'its file was removed');
    unlinkSync(path);
    for (const command of commands) expectErrno((await stage.command(command)).line, 'ENOENT');
    return undefined;
  },
};

/** Section 6.4's checks about names in the runtime directory. */
export const NAMES: readonly Check[] = [C55, C57, C58, C59, C60];

import { existsSync, lstatSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { ASYNC_CONTRADICTION, DRIVEN_PRIMARIES, defineChecks, judgeAsync } from '../check.js';
import { expectEqual, expectErrno, expectFields, expectThat } from '../expect.js';
import type { Tester } from '../tester.js';

const SENDING_COMMANDS = ['bcast any -', 'req any - 300', 'areq any - 300'];

/** Section 6.4: files in the runtime directory. */
export const NAMES = defineChecks(DRIVEN_PRIMARIES, {
  C55: {
    title: 'asynchronous request that fails in part',
    stimulus: 'a request to one peer and a dangling link',
    expectation: 'ENOENT, and the callback is still called; from 26.07 on it is not',
    ours: { expectation: 'ENOENT, and no callback', why: 'DPDK does the same from 26.07 on' },
    notRun: '26.07 and later call no callback: there is no such release here',
    contradiction: ASYNC_CONTRADICTION,
    async run(tester) {
      const { mainPeer } = tester;
      danglingLink(tester);
      expectErrno(await tester.command('areq partial - 2000'), 'ENOENT');
      const request = await mainPeer.nextOrNothing(300);
      if (request !== undefined) mainPeer.tryAnswer(request);
      await tester.probe();
      const [callback] = tester.lines('areply');
      if (callback !== undefined) expectFields(callback, { nb_sent: 1, nb_received: 1 });
      return judgeAsync(tester.subject, callback === undefined);
    },
  },
  C57: {
    title: 'stale socket file',
    stimulus: 'the socket of a killed peer, before a message, a synchronous and an asynchronous request',
    expectation: '0, the file is removed, and it is not counted',
    async run(tester) {
      for (const command of SENDING_COMMANDS) {
        const peer = tester.addPeer('stale');
        peer.die();
        const line = await tester.command(command);
        expectFields(line, { ret: 0 });
        if (line.event === 'req') expectFields(line, { nb_sent: 0, nb_received: 0 });
        expectThat(!existsSync(peer.path), `its file is still there after ${line.event}`);
      }
    },
  },
  C58: {
    title: 'names that are no datagram sockets',
    stimulus: 'a regular file, a dangling link or a stream socket under the name of a peer, and a broadcast',
    expectation: 'removed, 0; stays, ENOENT; stays, EPROTOTYPE',
    ours: {
      expectation: 'stays, 0; stays, ENOENT; stays, EPROTOTYPE',
      why: 'a regular file is there by mistake: its owner should see it',
    },
    async run(tester) {
      const file = tester.peerPath('file');
      writeFileSync(file, '');
      expectFields(await tester.command('bcast any -'), { ret: 0 });
      const isRemoved = !existsSync(file);
      if (!isRemoved) unlinkSync(file);
      const link = danglingLink(tester);
      expectErrno(await tester.command('bcast any -'), 'ENOENT');
      expectThat(lstatSync(link).isSymbolicLink(), 'the link was removed');
      await tester.end();
      const stream = await streamSocket(tester);
      expectErrno(await tester.command('bcast any -'), 'EPROTOTYPE');
      expectThat(existsSync(stream), 'the stream socket was removed');
      return isRemoved ? 'as C' : 'as ours';
    },
  },
  C59: {
    title: 'broadcast with one failing peer',
    stimulus: 'a message to two peers and a dangling link',
    expectation: '-1; both peers get it',
    async run(tester) {
      danglingLink(tester);
      const peers = [tester.addPeer('b'), tester.addPeer('c')];
      expectErrno(await tester.command('bcast to-most -'), 'ENOENT');
      for (const peer of peers) expectEqual((await peer.next()).name, 'to-most', 'the message that came');
    },
  },
  C60: {
    title: 'primary that is gone',
    stimulus:
      "a secondary's message, synchronous and asynchronous request; the primary was killed; it has exited",
    expectation: 'ECONNREFUSED, the file remains; ENOENT',
    roles: ['secondary'],
    async run(tester) {
      const { path } = tester.mainPeer;
      tester.mainPeer.die();
      tester.defer(() => tester.started.bindPrimary());
      for (const command of SENDING_COMMANDS) expectErrno(await tester.command(command), 'ECONNREFUSED');
      expectThat(existsSync(path), 'its file was removed');
      unlinkSync(path);
      for (const command of SENDING_COMMANDS) expectErrno(await tester.command(command), 'ENOENT');
    },
  },
});

/** Makes a link to a missing file, under a name that a broadcast reaches. */
function danglingLink(tester: Tester): string {
  const path = tester.peerPath('link');
  symlinkSync('/nowhere/at/all', path);
  tester.defer(() => unlinkSync(path));
  return path;
}

/** Binds a stream socket under a name that a broadcast reaches. */
async function streamSocket(tester: Tester): Promise<string> {
  const path = tester.peerPath('stream');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  tester.defer(() => new Promise((resolve) => server.close(resolve)));
  return path;
}

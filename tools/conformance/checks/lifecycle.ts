import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import { defineChecks, SEPARATE_PROCESSES } from '../check.js';
import { expectEqual, expectFields, expectThat, until } from '../expect.js';
import type { Role, TestPrefix } from '../subject.js';
import { runCommand, startLine, type Tester } from '../tester.js';

/** No process has this pid: the kernel's largest is 2^22. */
const NO_PID = 4_194_399;

/** `sun_path` without its NUL. */
const LONGEST_PATH = 107;

/** Section 6.5: processes that start and end. */
export const LIFECYCLE = defineChecks(SEPARATE_PROCESSES, {
  C70: {
    title: 'exit of a primary with a silent peer',
    stimulus: 'a primary exits cleanly while a peer answers nothing',
    expectation: 'the peer gets an mp_malloc_sync REQ, the exit takes 5 s, mp_socket is removed',
    roles: ['primary'],
    slow: true,
    needs: ['driver', 'processes', 'memory'],
    notForOurs: 'a Node primary has no memory to announce, and waits for no peer',
    contradiction:
      'only where its heap has pages to give back: with a memzone left in them the primary sends nothing and exits at once',
    async run(tester) {
      const { mainPeer, subject } = tester;
      const { socketPath } = subject;
      // with a zone in its pages the heap gives none back
      await tester.command('free SHARED_INFO');
      mainPeer.takesBuiltIns = true;
      const start = nowMs();
      const quits = subject.quit();
      const { type, name } = await mainPeer.next();
      expectEqual([type, name], [MpType.REQ, 'mp_malloc_sync'], 'what the peer gets');
      await quits;
      const took = Math.round(nowMs() - start);
      expectThat(took >= 4_900 && took < 8_000, `the exit took ${took} ms`);
      expectThat(!existsSync(socketPath), 'mp_socket is still there');
    },
  },
  C71: {
    title: 'end of a secondary',
    stimulus: 'a secondary exits cleanly; another one is killed',
    expectation: "its file is removed; it stays until the primary's next broadcast",
    roles: ['secondary'],
    async run(tester) {
      const { prefix, primary } = await tester.startPrimary();
      const clean = await prefix.start('secondary');
      const cleanPath = clean.socketPath;
      await clean.quit();
      expectThat(!existsSync(cleanPath), 'the file is still there after a clean exit');
      const killed = await prefix.start('secondary');
      const path = killed.socketPath;
      await killed[Symbol.asyncDispose]();
      expectThat(existsSync(path), 'the file is gone after SIGKILL');
      expectFields(await runCommand(primary, 'bcast any -'), { ret: 0 });
      expectThat(!existsSync(path), 'the file is still there after a broadcast');
    },
  },
  C72: {
    title: 'start over stale sockets',
    stimulus: 'a primary starts where sockets of killed secondaries are left',
    expectation: 'they survive its start; its first broadcast removes them',
    roles: ['primary'],
    ours: {
      expectation: 'they are removed at its start',
      why: 'a process that has ended never reads again',
    },
    notRun: '18.11 removes all of them at its start: there is no such release here',
    async run(tester) {
      const prefix = await tester.newPrefix();
      mkdirSync(prefix.directory, { recursive: true, mode: 0o700 });
      const path = `${prefix.directory}/mp_socket_${NO_PID}_a`;
      tester.addPeer('stale', path).die();
      const primary = await tester.start(prefix, 'primary');
      if (!existsSync(path)) return 'as ours';
      expectFields(await runCommand(primary, 'bcast any -'), { ret: 0 });
      expectThat(!existsSync(path), 'the file is still there after a broadcast');
      return 'as C';
    },
  },
  C73: {
    title: 'second primary',
    stimulus: 'a primary starts while another one of its prefix runs',
    expectation: 'it fails; the first one is not affected',
    roles: ['primary'],
    async run(tester) {
      const { prefix, primary: first } = await tester.startPrimary();
      expectThat(await failsToStart(tester, prefix, 'primary'), 'it started');
      await tester.probe(tester.addPeerOf(first, 'a'));
    },
  },
  C74: {
    title: 'longest path',
    stimulus:
      "a runtime directory for which the primary's socket has a path of 107 characters; a secondary starts",
    expectation: "up to 25.11 it removes the primary's socket and binds its own there",
    roles: ['secondary'],
    ours: { expectation: 'ENAMETOOLONG', why: 'nothing works behind a stolen socket' },
    notRun: '26.03 and later start without IPC: there is no such release here',
    async run(tester) {
      const prefix = await tester.newPrefix();
      const base = longBase(tester, prefix);
      const env = { RUNTIME_DIRECTORY: base };
      const start = (role: Role) => tester.start(prefix, role, { env, untilReady: false });
      const { fields } = await startLine(await start('primary'), 'READY', 'FAILED');
      if (fields.errno === 'ENAMETOOLONG') return 'as ours';
      const path = `${base}/dpdk/${basename(prefix.directory)}/mp_socket`;
      const { ino } = statSync(path);
      await start('secondary');
      const inoNow = () => statSync(path, { throwIfNoEntry: false })?.ino;
      await until(() => inoNow() !== ino, "the primary's socket stayed");
      return 'as C';
    },
  },
  C75: {
    title: 'rte_mp_disable',
    stimulus: 'rte_mp_disable, then a REQ; then a C secondary starts',
    expectation: 'still answered; the secondary is refused',
    roles: ['primary'],
    needs: ['driver', 'processes', 'memory'],
    notForOurs: 'a Node primary has no shared memory with a field for it',
    async run(tester) {
      const { prefix, primary } = await tester.startPrimary();
      expectFields(await runCommand(primary, 'disable'), { ret: 1 });
      await tester.probe(tester.addPeerOf(primary, 'a'));
      expectThat(await failsToStart(tester, prefix, 'secondary'), 'the secondary started');
    },
  },
});

async function failsToStart(tester: Tester, prefix: TestPrefix, role: Role): Promise<boolean> {
  const subject = await tester.start(prefix, role, { untilReady: false });
  return (await startLine(subject, 'READY', 'FAILED')).event === 'FAILED';
}

/** Makes a base directory in which the primary's socket has the longest possible path. */
function longBase(tester: Tester, prefix: TestPrefix): string {
  const start = `${dirname(dirname(prefix.directory))}/long`;
  const rest = `/dpdk/${basename(prefix.directory)}/mp_socket`;
  const base = start.padEnd(LONGEST_PATH - rest.length, 'g');
  mkdirSync(base, { mode: 0o700 });
  tester.defer(() => rmSync(base, { recursive: true }));
  return base;
}

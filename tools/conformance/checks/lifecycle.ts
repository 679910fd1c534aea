import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import type { Check } from '../check.js';
import { driverOf, expectFields, runCommand, type Stage } from '../stage.js';
import type { DriverLine, Place, Role, Subject } from '../subject.js';
import { expectEqual, expectThat, until } from '../verdict.js';

const C70: Check = {
  id: 'C70',
  title: 'exit of a primary with a silent peer',
  stimulus: 'a primary exits cleanly while a peer answers nothing',
  expectation: 'the peer gets an mp_malloc_sync REQ, the exit takes 5 s, mp_socket is removed',
  roles: ['primary'],
  destructive: true,
  slow: true,
  needs: ['driver', 'place', 'memory'],
  notForOurs: 'a Node primary has no memory to announce, and waits for nobody',
  contradiction:
    'only where its heap has pages to give back: with a memzone left in them the primary sends nothing and exits at once',
  async run(stage) {
    const { main, subject } = stage;
    const { socketPath } = subject;
    // while a zone lies in it, the heap gives nothing back
    await stage.command('free SHARED_INFO');
    main.takesBuiltIns = true;
    const start = nowMs();
    const quits = subject.quit();
    const { type, name } = await main.next();
    expectEqual([type, name], [MpType.REQ, 'mp_malloc_sync'], 'what the peer gets');
    await quits;
    const took = Math.round(nowMs() - start);
    expectThat(took >= 4_900 && took < 8_000, `the exit took ${took} ms`);
    expectThat(!existsSync(socketPath), 'mp_socket is still there');
    return undefined;
  },
};

const C71: Check = {
  id: 'C71',
  title: 'end of a secondary',
  stimulus: 'a secondary exits cleanly; another one is killed',
  expectation: "its file is removed; it stays until the primary's next broadcast",
  roles: ['secondary'],
  destructive: true,
  needs: ['driver', 'place'],
  async run(stage) {
    const place = await stage.place();
    const primary = await stage.start(place, 'primary');
    const clean = await place.start('secondary');
    const cleanPath = clean.socketPath;
    await clean.quit();
    expectThat(!existsSync(cleanPath), 'the file is still there after a clean exit');
    const killed = await place.start('secondary');
    const path = killed.socketPath;
    await killed[Symbol.asyncDispose]();
    expectThat(existsSync(path), 'the file is gone after SIGKILL');
    expectFields((await runCommand(driverOf(primary), 'bcast any -', 5_000)).line, { ret: 0 });
    expectThat(!existsSync(path), 'the file is still there after a broadcast');
    return undefined;
  },
};

/** A pid that no process has: the kernel's largest is 2^22. */
const NO_PID = 4_194_399;

const C72: Check = {
  id: 'C72',
  title: 'start over stale sockets',
  stimulus: 'a primary starts where sockets of killed secondaries are left',
  expectation: 'they survive its start; its first broadcast removes them',
  roles: ['primary'],
  destructive: true,
  needs: ['driver', 'place'],
  ours: { expectation: 'they are removed at its start', why: 'whose process is gone will never read again' },
  notRun: '18.11 removes all of them at its start: there is no such release here',
  async run(stage) {
    const place = await stage.place();
    place.prepare();
    const path = `${place.directory}/mp_socket_${NO_PID}_a`;
    stage.peer('stale', path).die();
    const primary = await stage.start(place, 'primary');
    if (!existsSync(path)) return 'as ours';
    expectFields((await runCommand(driverOf(primary), 'bcast any -', 5_000)).line, { ret: 0 });
    expectThat(!existsSync(path), 'the file is still there after a broadcast');
    return 'as C';
  },
};

const C73: Check = {
  id: 'C73',
  title: 'second primary',
  stimulus: 'a primary starts while one of its prefix lives',
  expectation: 'it fails; the first one is not affected',
  roles: ['primary'],
  destructive: true,
  needs: ['driver', 'place'],
  async run(stage) {
    const place = await stage.place();
    const first = await stage.start(place, 'primary');
    expectThat(await failsToStart(stage, place, 'primary'), 'it started');
    const peer = stage.peerOf(first, `${place.directory}/mp_socket_${process.pid}_a`);
    await peer.ask(first.probe.name, first.probe.param);
    return undefined;
  },
};

async function failsToStart(stage: Stage, place: Place, role: Role): Promise<boolean> {
  const subject = await stage.start(place, role, { untilReady: false });
  return (await started(subject)).event === 'FAILED';
}

/** The line that says that it is ready, or why it isn't. */
function started(subject: Subject): Promise<DriverLine> {
  const isSaid = ({ event }: DriverLine) => event === 'READY' || event === 'FAILED';
  return driverOf(subject).waitFor(isSaid, { from: 0, timeoutMs: 20_000 });
}

/** sun_path without its NUL, and what stands behind the runtime directory's base. */
const LONGEST_PATH = 107;

/** Makes a base directory for which the primary's socket has the longest possible path. */
function longBase(stage: Stage, place: Place): string {
  const prefix = basename(place.directory);
  const start = `${dirname(dirname(place.directory))}/long`;
  const rest = `/dpdk/${prefix}/mp_socket`;
  const base = start.padEnd(LONGEST_PATH - rest.length, 'g');
  mkdirSync(base, { mode: 0o700 });
  stage.defer(() => rmSync(base, { recursive: true }));
  return base;
}

const C74: Check = {
  id: 'C74',
  title: 'longest path',
  stimulus:
    "a runtime directory for which the primary's socket has a path of 107 characters; a secondary starts",
  expectation: "up to 25.11 it removes the primary's socket and binds its own there",
  roles: ['secondary'],
  destructive: true,
  needs: ['driver', 'place'],
  ours: { expectation: 'ENAMETOOLONG', why: 'nothing works behind a stolen socket' },
  notRun: '26.03 and later start without IPC: there is no such release here',
  async run(stage) {
    const place = await stage.place();
    const base = longBase(stage, place);
    const env = { RUNTIME_DIRECTORY: base };
    const start = (role: Role) => stage.start(place, role, { env, untilReady: false });
    const primary = await start('primary');
    const first = await started(primary);
    if (first.fields.errno === 'ENAMETOOLONG') return 'as ours';
    const path = `${base}/dpdk/${basename(place.directory)}/mp_socket`;
    const { ino } = statSync(path);
    await start('secondary');
    await until(() => statSync(path, { throwIfNoEntry: false })?.ino !== ino, "the primary's socket stayed");
    return 'as C';
  },
};

const C75: Check = {
  id: 'C75',
  title: 'rte_mp_disable',
  stimulus: 'rte_mp_disable, then a REQ; then a C secondary starts',
  expectation: 'still answered; the secondary is refused',
  roles: ['primary'],
  destructive: true,
  needs: ['driver', 'place', 'memory'],
  notForOurs: 'a Node primary has no shared memory to say it in',
  async run(stage) {
    const place = await stage.place();
    const primary = await stage.start(place, 'primary');
    expectFields((await runCommand(driverOf(primary), 'disable', 5_000)).line, { ret: 1 });
    const peer = stage.peerOf(primary, `${place.directory}/mp_socket_${process.pid}_a`);
    await peer.ask(primary.probe.name, primary.probe.param);
    expectThat(await failsToStart(stage, place, 'secondary'), 'the secondary started');
    return undefined;
  },
};

/** Section 6.5's checks of what comes and goes. */
export const LIFECYCLE: readonly Check[] = [C70, C71, C72, C73, C74, C75];

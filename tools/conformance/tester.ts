import type { Dialect } from '../../protocol/dialect.js';
import { PRIMARY_SOCKET } from '../../protocol/paths.js';
import { nowMs } from '../../sys/clock.js';
import { descriptorCount, hasMessageThread, isIpcThreadGone } from '../../sys/proc.js';
import { CheckFailure, CheckSkip, expectEqual, pause, until } from './expect.js';
import { type DatagramFields, datagramOf, RawPeer } from './raw-peer.js';
import type {
  Driver,
  DriverLine,
  Role,
  StartOptions,
  Subject,
  SubjectSource,
  TestPrefix,
} from './subject.js';

/** What a subject still does: it answers, it runs without its IPC thread, or its process has ended. */
export type IpcState = 'answers' | 'thread gone' | 'crashed';

/** A C process ends its IPC thread within this time after a bad datagram. */
const THREAD_ENDS_WITHIN_MS = 4_000;
const POLL_MS = 5;
/** A process that crashes loses all its threads within this time, though its parent may hear of it later. */
const CRASH_MS = 50;

/** What one check works with: the subject, peers to talk to it, its driver. {@link end} closes what the check opened. */
export class Tester {
  readonly subject: Subject;
  readonly started: StartedSubject;
  /** No further check may use the subject, even if it has survived. */
  isSpoiled = false;
  readonly #source: SubjectSource;
  readonly #deferred: (() => unknown)[] = [];
  readonly #firstLine: number;
  #mainPeer: RawPeer | undefined;

  constructor(source: SubjectSource, started: StartedSubject) {
    this.#source = source;
    this.started = started;
    this.subject = started.subject;
    this.#firstLine = started.subject.driver?.lines.length ?? 0;
    started.fakePrimary?.clear();
  }

  get dialect(): Dialect {
    return this.subject.dialect;
  }

  get isPrimary(): boolean {
    return this.subject.role === 'primary';
  }

  get driver(): Driver {
    return driverOf(this.subject);
  }

  get pid(): number {
    const { pid } = this.subject;
    if (pid === undefined) throw new CheckSkip("the subject's process can not be looked at");
    return pid;
  }

  /** Whether the source can start further subjects. */
  get canRestart(): boolean {
    return this.#source.abilities.has('processes');
  }

  /** Runs `act` against another subject, for a check that ends several. */
  async onFreshSubject<T>(act: (tester: Tester) => Promise<T>): Promise<T> {
    await using started = new StartedSubject(await this.#source.open());
    const tester = new Tester(this.#source, started);
    try {
      return await act(tester);
    } finally {
      await tester.end();
    }
  }

  /** An unused file prefix for processes of the same implementation. */
  async newPrefix(): Promise<TestPrefix> {
    const prefix = await this.#source.newPrefix();
    this.defer(() => prefix[Symbol.asyncDispose]());
    return prefix;
  }

  /** Starts a process under a prefix; it ends with the check. */
  async start(prefix: TestPrefix, role: Role, options?: StartOptions): Promise<Subject> {
    const subject = await prefix.start(role, options);
    this.defer(() => subject[Symbol.asyncDispose]());
    return subject;
  }

  /** Starts a primary under an unused prefix. */
  async startPrimary(): Promise<{ prefix: TestPrefix; primary: Subject }> {
    const prefix = await this.newPrefix();
    return { prefix, primary: await this.start(prefix, 'primary') };
  }

  /** Runs `undo` at the end of the check; the last one comes first. */
  defer(undo: () => unknown): void {
    this.#deferred.push(undo);
  }

  async end(): Promise<void> {
    for (const undo of this.#deferred.splice(0).reverse()) await undo();
  }

  /**
   * The socket that the subject sends to: a secondary's primary, or a peer of a primary. The latter is bound at the first
   * use: take it before the primary sends.
   */
  get mainPeer(): RawPeer {
    if (this.started.fakePrimary !== undefined) return this.started.fakePrimary;
    this.#mainPeer ??= this.addPeer('a');
    return this.#mainPeer;
  }

  /** Has the {@link mainPeer} keep EAL's own messages for the check to answer; returns it. */
  takeBuiltIns(): RawPeer {
    this.mainPeer.takesBuiltIns = true;
    return this.mainPeer;
  }

  /** A path in the runtime directory that broadcasts reach. */
  peerPath(tag: string, { directory }: Subject = this.subject): string {
    return `${directory}/mp_socket_${process.pid}_${tag}`;
  }

  /** Binds a further peer of the subject; broadcasts reach it unless `path` is outside their pattern. */
  addPeer(tag: string, path = this.peerPath(tag), subject = this.subject): RawPeer {
    const peer = new RawPeer(path, subject.socketPath, subject.dialect);
    this.defer(() => peer.close());
    return peer;
  }

  /** Binds a peer of another process than the subject. */
  addPeerOf(subject: Subject, tag: string): RawPeer {
    return this.addPeer(tag, this.peerPath(tag, subject), subject);
  }

  /** The peer that gets a message first, that message, and the other peer. */
  async firstToReceive(peers: readonly [RawPeer, RawPeer]) {
    const [one, two] = peers;
    await until(() => one.waiting + two.waiting > 0, 'neither peer got anything', THREAD_ENDS_WITHIN_MS);
    const [peer, other] = one.waiting > 0 ? [one, two] : [two, one];
    return { peer, other, message: await peer.next() };
  }

  datagram(fields: DatagramFields): Uint8Array {
    return datagramOf(this.dialect, fields);
  }

  /** Has the driver run a command. The caller may await the result later. */
  command(text: string, timeoutMs?: number): Promise<DriverLine> {
    return runCommand(this.subject, text, timeoutMs);
  }

  /** Waits for a line that the subject prints, or has printed, after line `from`: since the check began, by default. */
  line(event: string, { from = this.#firstLine, timeoutMs = 5_000 } = {}): Promise<DriverLine> {
    const found = this.driver.waitFor((line) => line.event === event, { from, timeoutMs });
    found.catch(() => {}); // the caller may await it later
    return found;
  }

  /** The lines of one kind that the subject has printed since the check began. */
  lines(event: string): readonly DriverLine[] {
    return this.driver.lines.slice(this.#firstLine).filter((line) => line.event === event);
  }

  /** Asks the subject something that it answers: it has then handled everything that was sent before. */
  async probe(peer: RawPeer = this.mainPeer): Promise<void> {
    await peer.ask(this.subject.probe);
  }

  /** Expects that nothing arrives at `peer` before the answer to a later request. */
  async expectNothingFor(peer: RawPeer = this.mainPeer): Promise<void> {
    await this.probe(peer);
    expectEqual(peer.waiting, 0, 'the number of further messages');
  }

  /** Waits until it is known what the last datagram did to the subject: asks it, and watches its IPC thread. */
  async ipcState(): Promise<IpcState> {
    const peer = this.addPeer('state', `${this.subject.directory}/mp_state_${process.pid}`);
    peer.trySend(this.datagram(this.subject.probe));
    const deadline = nowMs() + THREAD_ENDS_WITHIN_MS;
    while (nowMs() < deadline) {
      if (!this.subject.isRunning()) return 'crashed';
      if (this.#hasLostThread()) {
        await pause(CRASH_MS);
        return isIpcThreadGone(this.pid) ? 'thread gone' : 'crashed';
      }
      if ((await peer.nextOrNothing(POLL_MS)) !== undefined) return 'answers';
    }
    if (!this.#showsThread) return 'thread gone';
    throw new CheckFailure('it neither answers nor has its IPC thread ended');
  }

  /** Same as {@link ipcState}, but sends nothing to a C process, whose queue must stay as it is. */
  async ipcStateWithoutRequest(): Promise<IpcState> {
    if (!this.#showsThread) return this.ipcState();
    const deadline = nowMs() + THREAD_ENDS_WITHIN_MS;
    while (nowMs() < deadline) {
      if (this.#hasLostThread()) return 'thread gone';
      await pause(POLL_MS);
    }
    return 'answers';
  }

  #hasLostThread(): boolean {
    return this.#showsThread && !hasMessageThread(this.pid);
  }

  get #showsThread(): boolean {
    const { implementation, pid } = this.subject;
    return implementation === 'C' && pid !== undefined;
  }

  /** How many descriptors the subject has open. */
  get descriptors(): number {
    return descriptorCount(this.pid);
  }

  /** Expects a line in the log of a C subject; other implementations log other texts. */
  async expectLog(text: string): Promise<void> {
    const { implementation, driver } = this.subject;
    if (implementation !== 'C' || driver === undefined) return;
    await until(() => this.subject.log().includes(text), `no '${text}' in its log`, 2_000);
  }
}

/** A running subject that checks share. The tester takes a secondary's `mp_socket`: it plays the primary. */
export class StartedSubject implements AsyncDisposable {
  readonly subject: Subject;
  /** The socket `mp_socket`; `undefined` where the subject is a primary. */
  fakePrimary: RawPeer | undefined;

  constructor(subject: Subject) {
    this.subject = subject;
    this.bindPrimary();
  }

  /** Binds `mp_socket` anew: a secondary knows nothing of its primary but this path. */
  bindPrimary(): void {
    const { role, directory, socketPath, dialect } = this.subject;
    if (role === 'primary') return;
    this.fakePrimary?.close();
    this.fakePrimary = new RawPeer(`${directory}/${PRIMARY_SOCKET}`, socketPath, dialect);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fakePrimary?.close();
    await this.subject[Symbol.asyncDispose]();
  }
}

/** The driver of a subject; skips the check where it has none. */
export function driverOf({ driver }: Subject): Driver {
  if (driver === undefined) throw new CheckSkip('the subject has no driver');
  return driver;
}

/** Waits for a line that a process prints as it starts, or has printed. */
export function startLine(subject: Subject, ...events: readonly string[]): Promise<DriverLine> {
  return driverOf(subject).waitFor(({ event }) => events.includes(event), { from: 0, timeoutMs: 20_000 });
}

/** Has the driver of any process run a command. The caller may await the result later. */
export function runCommand(subject: Subject, text: string, timeoutMs = 10_000): Promise<DriverLine> {
  const result = driverOf(subject).command(text, timeoutMs);
  result.catch(() => {}); // the caller may await it later
  return result;
}

import { type Dialect, versionOf } from '../../protocol/dialect.js';
import { MpType } from '../../protocol/message.js';
import { nowMs } from '../../sys/clock.js';
import type { DatagramSocket } from '../../sys/datagram-socket.js';
import { descriptorCount, hasMessageThread } from '../../sys/proc.js';
import { datagramOf, openSocket, type Parts, RawPeer } from './raw-peer.js';
import type { Driver, DriverLine, Place, Role, StartOptions, Subject, SubjectSource } from './subject.js';
import { CheckFailure, CheckSkip, expectEqual, until } from './verdict.js';

/** What a command came to: the line that closes it, and those that it printed before. */
export interface CommandResult {
  readonly line: DriverLine;
  readonly before: readonly DriverLine[];
}

export type SubjectFate = 'alive' | 'ended' | 'crashed';

/** How long a C process takes at most until a bad datagram has ended its IPC thread. */
const END_WITHIN_MS = 4_000;
const LOOK_EVERY_MS = 5;
const DYING_MS = 50;

let markers = 0;

/** What one check works with; whatever it opens goes away at its end. */
export class Stage {
  readonly subject: Subject;
  /** The subject is of no use to further checks, even if it has survived. */
  isSpoiled = false;
  readonly #source: SubjectSource;
  readonly #session: Session;
  readonly #undo: (() => unknown)[] = [];
  #peer: RawPeer | undefined;

  constructor(source: SubjectSource, session: Session) {
    this.#source = source;
    this.#session = session;
    this.subject = session.subject;
    session.main?.clear();
  }

  get dialect(): Dialect {
    return this.subject.dialect;
  }

  get isPrimary(): boolean {
    return this.subject.role === 'primary';
  }

  /** The socket that the subject's messages and requests go to; a primary has no peer before its first use. */
  get main(): RawPeer {
    if (this.#session.main !== undefined) return this.#session.main;
    this.#peer ??= this.peer('a');
    return this.#peer;
  }

  /** After a check has taken a secondary's {@link main} away. */
  renewMain(): void {
    this.#session.renewMain();
  }

  get driver(): Driver {
    return driverOf(this.subject);
  }

  get pid(): number {
    const { pid } = this.subject;
    if (pid === undefined) throw new CheckSkip("the subject's process can not be looked at");
    return pid;
  }

  /** Whether there is more than one subject to be had. */
  get canRestart(): boolean {
    return this.#source.abilities.has('place');
  }

  /** Does the same to a subject of its own: for what leaves nothing to go on with. */
  async onFresh<T>(act: (stage: Stage) => Promise<T>): Promise<T> {
    const session = await Session.open(this.#source);
    const stage = new Stage(this.#source, session);
    try {
      return await act(stage);
    } finally {
      await stage.end();
      await session[Symbol.asyncDispose]();
    }
  }

  /** An empty prefix for processes of the same implementation. */
  async place(): Promise<Place> {
    const place = await this.#source.place();
    this.defer(() => place[Symbol.asyncDispose]());
    return place;
  }

  /** Starts a process in a place; it ends with the check. */
  async start(place: Place, role: Role, options?: StartOptions): Promise<Subject> {
    const subject = await place.start(role, options);
    this.defer(() => subject[Symbol.asyncDispose]());
    return subject;
  }

  /** Runs at the end of the check, last one first. */
  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  async end(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }

  /** A path in the runtime directory that a broadcast reaches. */
  pathOf(tag: string): string {
    return `${this.subject.directory}/mp_socket_${process.pid}_${tag}`;
  }

  /** A further peer; `path` unless it is one that broadcasts reach. */
  peer(tag: string, path = this.pathOf(tag)): RawPeer {
    return this.peerOf(this.subject, path);
  }

  /** A peer of another process than the subject. */
  peerOf(subject: Subject, path: string): RawPeer {
    const peer = RawPeer.bind(path, subject.socketPath, subject.dialect);
    this.defer(() => peer.close());
    return peer;
  }

  /** The peer that is asked first, what it got, and the other one. */
  async firstToReceive(peers: readonly [RawPeer, RawPeer]) {
    const [one, two] = peers;
    await until(() => one.waiting + two.waiting > 0, 'neither peer got anything', END_WITHIN_MS);
    const [peer, other] = one.waiting > 0 ? [one, two] : [two, one];
    return { peer, other, message: await peer.next() };
  }

  /** A socket that the kernel names no sender for (unbound), or one in the abstract namespace. */
  nameless(kind: 'unbound' | 'abstract'): DatagramSocket {
    const socket = openSocket();
    this.defer(() => socket.close());
    if (kind === 'abstract') socket.bind(''); // a NUL at the path's start is what makes it abstract
    return socket;
  }

  datagram(parts: Parts): Uint8Array {
    return datagramOf(this.dialect, parts);
  }

  /** Has the driver run a command; may be awaited later. */
  command(text: string, timeoutMs = 10_000): Promise<CommandResult> {
    return runCommand(this.driver, text, timeoutMs);
  }

  /** A line that the subject prints from now on, or since `from`. */
  line(event: string, from = this.driver.lines.length, timeoutMs = 5_000): Promise<DriverLine> {
    const match = (line: DriverLine) => line.event === event;
    const found = this.driver.waitFor(match, { from, timeoutMs });
    found.catch(() => {}); // told to whoever awaits it, maybe not yet
    return found;
  }

  get lineCount(): number {
    return this.driver.lines.length;
  }

  /** What handlers said since `from`. */
  got(from: number): readonly DriverLine[] {
    return this.driver.lines.slice(from).filter(({ event }) => event === 'got');
  }

  /** Asks the subject something it answers, from `peer`: everything before has been handled when it does. */
  async probe(peer: RawPeer = this.main): Promise<void> {
    const { name, param } = this.subject.probe;
    await peer.ask(name, param);
  }

  /** Asserts that nothing waits for `peer`, by a request that is answered behind it. */
  async expectNothingFor(peer: RawPeer = this.main): Promise<void> {
    await this.probe(peer);
    expectEqual(peer.waiting, 0, 'the number of further messages');
  }

  /** A param that no other check uses. */
  marker(): string {
    markers += 1;
    return `marker-${markers}`;
  }

  /** What becomes of the subject now: it answers, its IPC thread is gone, or the process is. */
  async fate(): Promise<SubjectFate> {
    const peer = this.peer('fate', `${this.subject.directory}/mp_fate_${process.pid}`);
    const { name, param } = this.subject.probe;
    peer.trySend(this.datagram({ type: MpType.REQ, name, param }));
    const deadline = nowMs() + END_WITHIN_MS;
    while (nowMs() < deadline) {
      if (!this.subject.isRunning()) return 'crashed';
      if (this.#hasLostThread()) return this.#endOrCrash();
      if ((await peer.nextOrNothing(LOOK_EVERY_MS)) !== undefined) return 'alive';
    }
    if (!this.#showsThread) return 'ended';
    throw new CheckFailure('it neither answers nor has its IPC thread ended');
  }

  /** As {@link fate}, but a C process that should lose its IPC thread is sent nothing. */
  async fateUnprobed(): Promise<SubjectFate> {
    if (!this.#showsThread) return this.fate();
    const deadline = nowMs() + END_WITHIN_MS;
    while (nowMs() < deadline) {
      if (this.#hasLostThread()) return 'ended';
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return 'alive';
  }

  /** A dying process loses its threads first. */
  async #endOrCrash(): Promise<SubjectFate> {
    await new Promise((resolve) => setTimeout(resolve, DYING_MS));
    return this.subject.isRunning() ? 'ended' : 'crashed';
  }

  #hasLostThread(): boolean {
    return this.#showsThread && !hasMessageThread(this.pid);
  }

  get #showsThread(): boolean {
    const { implementation, pid } = this.subject;
    return implementation === 'C' && pid !== undefined;
  }

  get descriptors(): number {
    return descriptorCount(this.pid);
  }

  /** For C's log lines; an implementation that isn't C has its own words. */
  async expectLog(text: string): Promise<void> {
    const { implementation, driver } = this.subject;
    if (implementation !== 'C' || driver === undefined) return;
    await until(() => this.subject.log().includes(text), `no '${text}' in its log`, 2_000);
  }

  /** For messages. */
  get version(): string {
    const { versionWord } = this.subject;
    return versionWord === undefined ? 'an unknown version' : versionOf(versionWord);
  }
}

/** The driver of a subject that must have one. */
export function driverOf({ driver }: Subject): Driver {
  if (driver === undefined) throw new CheckSkip('the subject can not be told what to do');
  return driver;
}

/** Runs a command and returns its closing line with those before it. */
export function runCommand(driver: Driver, text: string, timeoutMs: number): Promise<CommandResult> {
  const from = driver.lines.length;
  const result = driver
    .command(text, timeoutMs)
    .then((line) => ({ line, before: driver.lines.slice(from, driver.lines.indexOf(line)) }));
  result.catch(() => {}); // told to whoever awaits it, maybe not yet
  return result;
}

/** Fails unless these fields of a line have these values. */
export function expectFields(line: DriverLine, fields: Readonly<Record<string, string | number>>): void {
  const wanted = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]));
  const seen = Object.fromEntries(Object.keys(fields).map((key) => [key, line.fields[key]]));
  expectEqual(seen, wanted, `'${line.event}'`);
}

/** Of a line that tells a call's result: -1 and this errno. */
export function expectErrno(line: DriverLine, errno: string): void {
  expectFields(line, { ret: -1, errno });
}

/** A subject that checks share and, where it is a secondary, the tester's socket in place of its primary's. */
export class Session implements AsyncDisposable {
  readonly subject: Subject;
  #main: RawPeer | undefined;

  private constructor(subject: Subject) {
    this.subject = subject;
    this.renewMain();
  }

  static async open(source: SubjectSource): Promise<Session> {
    return new Session(await source.open());
  }

  /** Only where the subject is a secondary. */
  get main(): RawPeer | undefined {
    return this.#main;
  }

  /** Takes `mp_socket` (again): the path is all that a secondary knows of its primary. */
  renewMain(): void {
    if (this.subject.role === 'primary') return;
    this.#main?.close();
    const path = `${this.subject.directory}/mp_socket`;
    this.#main = RawPeer.bind(path, this.subject.socketPath, this.subject.dialect);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#main?.close();
    await this.subject[Symbol.asyncDispose]();
  }
}

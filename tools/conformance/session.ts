import { RawPeer } from './raw-peer.js';
import type { Subject, SubjectSource } from './subject.js';

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

import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { MpChannel } from '../../lib/index.js';
import { type Dialect, decodeMessage, encodeMessage, type Message, MpType } from '../../protocol/index.js';
import { type Datagram, DatagramSocket } from '../../sys/datagram-socket.js';
import * as libc from '../../sys/libc.js';
import { waitForSockets } from '../../sys/poll.js';
import type { SocketNamespace } from '../../sys/sockaddr.js';
import { openDescriptors } from './descriptors.js';

const RTE_MAGIC = 19820526;
const F_OFD_SETLK = 37;
const F_WRLCK = 1;

/** A runtime directory in which a test acts as a C process, byte for byte. */
export class Stage {
  readonly runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
  readonly filePrefix = 'stage';
  readonly directory = `${this.runtimeDir}/stage`;
  readonly primaryPath = `${this.directory}/mp_socket`;
  #config: number | undefined;
  #sockets: DatagramSocket[] = [];

  constructor() {
    mkdirSync(this.directory, { mode: 0o700 });
  }

  get options() {
    return { runtimeDir: this.runtimeDir, filePrefix: this.filePrefix };
  }

  /** Opens a raw socket, bound in the directory under `name`; unbound without a name. */
  socket(name?: string, namespace: SocketNamespace = 'filesystem'): DatagramSocket {
    const socket = DatagramSocket.open(namespace);
    if (typeof socket === 'number') throw new RangeError(`socket: ${socket}`);
    this.#sockets.push(socket);
    if (name !== undefined && socket.bind(`${this.directory}/${name}`) !== 0)
      throw new RangeError(`bind ${name}`);
    return socket;
  }

  /** Writes the head of `config` and holds its lock as a living primary does; with the magic if `complete`. */
  writeConfig(versionWord: number, complete = true): void {
    this.#config ??= openSync(`${this.directory}/config`, 'w+');
    const head = Buffer.alloc(8);
    head.writeUInt32LE(complete ? RTE_MAGIC : 0, 0);
    head.writeUInt32LE(versionWord, 4);
    writeSync(this.#config, head, 0, 8, 0);
    const lock = Buffer.alloc(32);
    lock.writeInt16LE(F_WRLCK, 0);
    lock.writeBigInt64LE(136n, 8);
    lock.writeBigInt64LE(17408n, 16);
    if (libc.fcntlLock(this.#config, F_OFD_SETLK, lock) !== 0) throw new RangeError('config is locked');
  }

  /** Drops the lock and keeps the files, as when a primary is killed. */
  dropLock(): void {
    if (this.#config !== undefined) closeSync(this.#config);
    this.#config = undefined;
  }

  /** Replaces the primary's socket, as another process does. */
  replacePrimary(old: DatagramSocket): DatagramSocket {
    old.close();
    unlinkSync(this.primaryPath);
    return this.socket('mp_socket');
  }

  end(): void {
    this.dropLock();
    for (const socket of this.#sockets) socket.close();
    rmSync(this.runtimeDir, { recursive: true });
  }
}

/** Resolves with the next datagram of a raw socket. */
export async function nextDatagram(socket: DatagramSocket): Promise<Datagram> {
  for (;;) {
    const datagram = socket.receive();
    if (typeof datagram === 'number') throw new RangeError(`recvmsg: ${datagram}`);
    if (datagram !== undefined) return datagram;
    waitForSockets([socket.fd], undefined, 1);
    await new Promise(setImmediate);
  }
}

/** Answers the next request as a primary of this dialect; returns the request's name. */
export async function answerNext(socket: DatagramSocket, dialect: Dialect, answer: Omit<Message, 'name'>) {
  const { bytes, sender, fds } = await nextDatagram(socket);
  for (const owned of fds) owned.close();
  const { name, type } = decodeMessage(dialect, bytes);
  if (type !== MpType.REQ || sender === undefined) throw new RangeError(`type ${type} from ${sender}`);
  socket.send(encodeMessage(dialect, MpType.REP, { ...answer, name }), answer.fds ?? [], sender);
  return name;
}

/** A stage for each test of a suite; afterwards its channels are closed and no descriptor is left open. */
export class StageScope {
  #stage: Stage | undefined;
  readonly #channels: MpChannel[] = [];

  constructor() {
    let before: string[];
    beforeEach(() => {
      before = openDescriptors();
      this.#stage = new Stage();
    });
    afterEach(async () => {
      for (const channel of this.#channels.splice(0)) await channel.close();
      this.stage.end();
      expect(openDescriptors()).to.deep.equal(before);
    });
  }

  get stage(): Stage {
    if (this.#stage === undefined) throw new RangeError('no test runs');
    return this.#stage;
  }

  /** Closes the channel after the test. */
  readonly keep = async (channel: Promise<MpChannel>): Promise<MpChannel> => {
    this.#channels.push(await channel);
    return channel;
  };
}

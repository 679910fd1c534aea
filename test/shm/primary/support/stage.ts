// A Node primary with shared memory and its C secondaries. After each test the heap must be whole.

import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type MpChannel, openPrimary } from '../../../../lib/index.js';
import { encodeMallocRequest, MallocType } from '../../../../protocol/eal/malloc.js';
import { MpError } from '../../../../protocol/errors.js';
import type { PrimaryMemoryOptions } from '../../../../shm/primary/options.js';
import { type LiveScope, live } from '../../../live/support/live.js';
import { CProcess } from '../../../support/c-process.js';
import { findDpdk } from '../../../support/dpdk/install.js';
import type { CPeer } from '../../../support/dpdk/peer.js';
import { REGISTER } from '../../../support/register.js';
import { checkHeap } from '../../heap/support/check-heap.js';
import { liveSpace } from '../../heap/support/live-space.js';

const CHILD = fileURLToPath(new URL('./primary-child.ts', import.meta.url));

export const MIB = 2 ** 20;
/** Includes the time to compile the child's TypeScript. */
const START_TIMEOUT_MS = 90_000;

export class PrimaryStage {
  readonly live: LiveScope;
  readonly release: string;
  /** Errors and warnings that the stage's primaries emitted. */
  readonly events: unknown[] = [];

  constructor(scope: LiveScope, release: string) {
    this.live = scope;
    this.release = release;
  }

  /** The version of the C secondaries, such as '22.11.11'. */
  get version(): string {
    const install = findDpdk(this.release);
    if ('missing' in install) throw new Error(install.missing);
    return install.version;
  }

  async primary(memory: Partial<PrimaryMemoryOptions> = {}): Promise<MpChannel> {
    const channel = await openPrimary({
      filePrefix: this.live.filePrefix,
      memory: { hugepages: 2, version: this.version, ...memory },
    });
    channel.on('error', (error) => this.events.push(error));
    channel.on('warning', (warning) => this.events.push(warning));
    return this.live.closeLater(channel);
  }

  /** Starts a primary in a process of its own: see primary-child.ts. */
  async process(worker = false, hugepages = 2): Promise<CProcess> {
    const { filePrefix, peers } = this.live;
    const child = new CProcess('Node primary', [
      ...[process.execPath, '--import', REGISTER, CHILD],
      ...[filePrefix, this.version, `${hugepages}`, worker ? 'worker' : ''],
    ]);
    peers.defer(() => child[Symbol.asyncDispose]());
    await child.waitFor(/^READY/, START_TIMEOUT_MS);
    return child;
  }

  secondary(args: readonly string[] = []): Promise<CPeer> {
    return this.live.startSecondary({ args });
  }

  expectWholeIfAlive(): void {
    try {
      this.expectWhole();
    } catch (error) {
      if (!(error instanceof MpError) || error.code !== 'ENOPRIMARY') throw error;
    }
  }

  /** Checks that the heap is whole and that no process holds a lock. */
  expectWhole(): void {
    const { space, locks, memory } = liveSpace(this.live.peers, 'changing');
    expect(checkHeap(space)).to.deep.equal([]);
    expect(locks()).to.deep.equal([0, 0, 0]);
    memory.detach();
  }
}

/** To be called inside `describe`: a stage for each test. Checks the heap of a primary that the test leaves alive. */
export function primaryStage(label: string, release = 'native'): () => PrimaryStage {
  let stage: PrimaryStage | undefined;
  afterEach('the heap is whole', () => stage?.expectWholeIfAlive()); // before the hooks of `live` end the processes
  const scope = live(label, { attachable: true, release });
  beforeEach('stage', () => {
    stage = new PrimaryStage(scope, release);
  });
  return () => {
    if (stage === undefined) throw new TypeError('There is a stage inside a test only.');
    return stage;
  };
}

/** Runs a command, which must succeed, and returns the fields of its answer. */
export async function did(peer: CPeer, command: string): Promise<Readonly<Record<string, string>>> {
  const { fields } = await peer.command(command);
  expect(fields.errno ?? '0', command).to.equal('0');
  return fields as Readonly<Record<string, string>>;
}

/** The param of `mp_malloc_request` for a block of so many bytes in the first heap. */
export function growthRequest(pageSize: number, bytes: number): Uint8Array {
  return encodeMallocRequest({
    type: MallocType.ALLOC,
    id: 9n,
    heapIndex: 0,
    pageSize: BigInt(pageSize),
    eltSize: BigInt(bytes),
    socketId: 0,
    flags: 0,
    align: 64n,
    bound: 0n,
    contiguous: false,
  });
}

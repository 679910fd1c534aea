// The scope of live suites: a file prefix for each test, C and Node peers on it, and a check for open descriptors.
import { expect } from 'chai';
import { type MpChannel, openSecondary, type SecondaryOptions } from '../../../lib/index.js';
import { CProcess } from '../../support/c-process.js';
import { descriptorTargets } from '../../support/descriptors.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import type { CPeer, CPeerOptions } from '../../support/dpdk/peer.js';
import { type PeerScope, peersFor } from '../../support/dpdk/peers-for.js';

type PeerOptions = Omit<Partial<CPeerOptions>, 'filePrefix' | 'role'>;

export interface LiveNeeds {
  /** Whether the primary takes hugepages, so that C secondaries and memory can be attached. */
  readonly attachable?: boolean;
  /** Which DPDK: 'native' (default) or one of releases.ts. */
  readonly release?: string;
}

export class LiveScope {
  readonly peers: PeerScope;
  readonly #attachable: boolean;

  constructor(peers: PeerScope, attachable: boolean) {
    this.peers = peers;
    this.#attachable = attachable;
  }

  get filePrefix(): string {
    return this.peers.filePrefix;
  }

  get runtimeDir(): string {
    return this.peers.runtimeDir;
  }

  /** A C primary; C secondaries can attach to it in a suite that has them. */
  startPrimary(options: PeerOptions = {}): Promise<CPeer> {
    return this.peers.start({ role: 'primary', hugepages: this.#attachable, bigZone: false, ...options });
  }

  startSecondary(options: PeerOptions = {}): Promise<CPeer> {
    return this.peers.start({ role: 'secondary', core: 1, bigZone: false, ...options });
  }

  /** A Node secondary in this thread; it is closed after the test. */
  async open(options: SecondaryOptions = {}): Promise<MpChannel> {
    return this.closeLater(await openSecondary({ filePrefix: this.filePrefix, ...options }));
  }

  closeLater(channel: MpChannel): MpChannel {
    this.peers.defer(() => channel.close());
    return channel;
  }
}

/** To be called inside `describe`. */
export function live(label: string, needs: LiveNeeds = {}): LiveScope {
  const { attachable = false, release = 'native' } = needs;
  before(`DPDK for ${label}`, async function () {
    await needsDpdk(this, { release, hugepages: attachable ? 8 : 0 });
    await warmUp();
  });
  let found: ReadonlyMap<string, string>;
  beforeEach('count descriptors', () => {
    found = descriptorTargets();
  });
  const peers = peersFor(label, 'test', release);
  afterEach('no descriptor is left', () => {
    const left = [...descriptorTargets()].filter(([fd]) => !found.has(fd));
    expect(left, 'descriptors that the test left open').to.deep.equal([]);
  });
  return new LiveScope(peers, attachable);
}

/** Starts a child: libuv opens a pipe for signals then, and keeps it. */
async function warmUp(): Promise<void> {
  await using child = new CProcess('true', ['/bin/true']);
  await child.exited;
}

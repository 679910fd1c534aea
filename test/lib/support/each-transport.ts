// Suites that run over each transport: the in-process network, socket files, abstract sockets.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import {
  IGNORE,
  type MpChannel,
  openPrimary,
  openSecondary,
  type PrimaryOptions,
  type SecondaryOptions,
} from '../../../lib/index.js';
import { createMemoryNetwork } from '../../../lib/testing/index.js';
import { openDescriptors } from '../../support/descriptors.js';

export type TransportName = 'in-process' | 'filesystem' | 'abstract';

/** Where the channels of one test reach each other; they are all closed after it. */
export interface TestNetwork {
  openPrimary(options?: PrimaryOptions): Promise<MpChannel>;
  openSecondary(options?: SecondaryOptions): Promise<MpChannel>;
  /** Opens a channel with the actions of {@link registerActions}; it answers while this thread blocks. */
  openElsewhere(role: 'primary' | 'secondary'): Promise<void>;
}

interface Transport extends TestNetwork {
  begin(): void;
  end(): Promise<void>;
}

/** A `describe` for each transport, with a new network for each test. No test may leave a descriptor open. */
export function describeTransports(
  title: string,
  suite: (network: TestNetwork, transport: TransportName) => void,
): void {
  for (const name of ['in-process', 'filesystem', 'abstract'] as const) {
    describe(`${title}, ${name}`, () => {
      const transport = name === 'in-process' ? inProcess() : sockets(name);
      let before: string[];

      beforeEach(() => {
        before = openDescriptors();
        transport.begin();
      });

      afterEach(async () => {
        await transport.end();
        expect(openDescriptors()).to.deep.equal(before);
      });

      suite(transport, name);
    });
  }
}

/** The actions of the peer of a blocking request. All handlers are synchronous, so they work in one thread, too. */
export function registerActions(channel: MpChannel): void {
  channel.registerAction('echo', (msg) => ({ param: msg.param, fds: msg.fds }));
  channel.registerAction('ignore', () => IGNORE);
  channel.registerAction('silent', () => {});
  channel.registerAction('ask-back', () => {
    // the requester's thread answers `asked` while it blocks in its own request
    void channel.request({ name: 'asked', param: 'while you wait' }, { timeoutMs: 2000 }).catch(() => {});
  });
  channel.registerAction('who', () => ({ param: String(channel.peers().length) }));
}

function inProcess(): Transport {
  let network = createMemoryNetwork();
  const open: MpChannel[] = [];
  const keep = async (channel: Promise<MpChannel>) => {
    open.push(await channel);
    return channel;
  };
  return {
    begin() {
      network = createMemoryNetwork();
    },
    openPrimary: (options) => keep(network.openPrimary(options)),
    openSecondary: (options) => keep(network.openSecondary(options)),
    async openElsewhere(role) {
      registerActions(await keep(role === 'primary' ? network.openPrimary() : network.openSecondary()));
    },
    async end() {
      for (const channel of open.splice(0)) await channel.close();
    },
  };
}

function sockets(socketNamespace: 'filesystem' | 'abstract'): Transport {
  let runtimeDir = '';
  const common = () => ({ runtimeDir, filePrefix: 'test', socketNamespace });
  const open: MpChannel[] = [];
  const workers: Worker[] = [];
  const keep = async (channel: Promise<MpChannel>) => {
    open.push(await channel);
    return channel;
  };
  return {
    begin() {
      runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
    },
    openPrimary: (options) => keep(openPrimary({ ...common(), ...options })),
    openSecondary: (options) => keep(openSecondary({ ...common(), ...options })),
    async openElsewhere(role) {
      const worker = new Worker(new URL('./channel-worker.ts', import.meta.url), {
        workerData: { role, options: common() },
      });
      workers.push(worker);
      await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    },
    async end() {
      for (const channel of open.splice(0)) await channel.close();
      for (const worker of workers.splice(0)) {
        const ended = new Promise((resolve) => worker.once('exit', resolve));
        worker.postMessage('close');
        await ended;
      }
      rmSync(runtimeDir, { recursive: true });
    },
  };
}

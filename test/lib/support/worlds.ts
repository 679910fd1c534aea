import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type MpChannel,
  openPrimary,
  openSecondary,
  type PrimaryOptions,
  type SecondaryOptions,
} from '../../../lib/index.js';
import { createMemoryNetwork } from '../../../lib/testing/index.js';

/** One way for channels to reach each other. Everything that it opens is closed by `end`. */
export interface World {
  openPrimary(options?: PrimaryOptions): Promise<MpChannel>;
  openSecondary(options?: SecondaryOptions): Promise<MpChannel>;
  /** A channel with the actions of `actions.ts` that can answer while this thread blocks. */
  openElsewhere(role: 'primary' | 'secondary'): Promise<void>;
  end(): Promise<void>;
}

export type WorldName = 'memory' | 'filesystem' | 'abstract';

export function makeWorld(name: WorldName): World {
  return name === 'memory' ? memoryWorld() : socketWorld(name);
}

function memoryWorld(): World {
  const network = createMemoryNetwork();
  const open: MpChannel[] = [];
  const keep = async (channel: Promise<MpChannel>) => {
    open.push(await channel);
    return channel;
  };
  return {
    openPrimary: (options) => keep(network.openPrimary(options)),
    openSecondary: (options) => keep(network.openSecondary(options)),
    async openElsewhere(role) {
      const { registerActions } = await import('./actions.js');
      registerActions(await keep(role === 'primary' ? network.openPrimary() : network.openSecondary()));
    },
    async end() {
      for (const channel of open) await channel.close();
    },
  };
}

function socketWorld(socketNamespace: 'filesystem' | 'abstract'): World {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
  const common = { runtimeDir, filePrefix: 'world', socketNamespace };
  const open: MpChannel[] = [];
  const workers: Worker[] = [];
  const keep = async (channel: Promise<MpChannel>) => {
    open.push(await channel);
    return channel;
  };
  return {
    openPrimary: (options) => keep(openPrimary({ ...common, ...options })),
    openSecondary: (options) => keep(openSecondary({ ...common, ...options })),
    async openElsewhere(role) {
      const worker = new Worker(new URL('./world-worker.ts', import.meta.url), {
        workerData: { role, options: common },
      });
      workers.push(worker);
      await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    },
    async end() {
      for (const channel of open) await channel.close();
      for (const worker of workers) {
        const ended = new Promise((resolve) => worker.once('exit', resolve));
        worker.postMessage('close');
        await ended;
      }
      rmSync(runtimeDir, { recursive: true });
    },
  };
}

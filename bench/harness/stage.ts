// What every row measures with: one C primary, one C secondary, and Node's channels to the same primary.
import { closeSync, openSync } from 'node:fs';
import { type MpChannel, openSecondary, type SecondaryOptions } from '../../lib/index.js';
import type { DpdkInstall } from '../../test/support/dpdk/install.js';
import { cleanPrefix, runtimeDir, uniquePrefix } from '../../test/support/dpdk/prefix.js';
import { Answerers } from './answerers.js';
import { CBench } from './c-program.js';
import type { Sizes } from './options.js';
import type { RowResult } from './result.js';

export const PARAM_SIZES = [16, 256] as const;
export const FD_COUNTS = [0, 8] as const;

/** Memory at the start, for 2,000 zones and EAL itself. */
const PRIMARY_MB = 16;

/** One family of measurements. */
export interface Row {
  readonly number: number;
  readonly title: string;
  /** How the row measures, for the reports. */
  readonly method: string;
  measure(stage: Stage): Promise<RowMeasures>;
}

/** The results of a row; a list that is left out is empty. */
type RowMeasures = Pick<RowResult, 'measures'> & Partial<Pick<RowResult, 'notes' | 'verdicts' | 'growths'>>;

export class Stage implements AsyncDisposable {
  readonly install: DpdkInstall;
  readonly filePrefix: string;
  readonly primary: CBench;
  /** A secondary in C, on a processor of its own. */
  readonly secondary: CBench;
  readonly sizes: Sizes;

  private constructor(
    install: DpdkInstall,
    filePrefix: string,
    primary: CBench,
    secondary: CBench,
    sizes: Sizes,
  ) {
    this.install = install;
    this.filePrefix = filePrefix;
    this.primary = primary;
    this.secondary = secondary;
    this.sizes = sizes;
  }

  static async open(install: DpdkInstall, sizes: Sizes): Promise<Stage> {
    const filePrefix = uniquePrefix('bench');
    const primary = await CBench.start(install, { filePrefix, memoryMb: PRIMARY_MB });
    const secondary = await CBench.start(install, { role: 'secondary', filePrefix, core: 1 });
    return new Stage(install, filePrefix, primary, secondary, sizes);
  }

  /** Starts a C secondary whose main thread is not on the processor of the primary's IPC thread. The caller calls `quit`. */
  startDistantSecondary(): Promise<CBench> {
    return CBench.start(this.install, { role: 'secondary', filePrefix: this.filePrefix, core: 0 });
  }

  get runtimeDir(): string {
    return runtimeDir(this.filePrefix);
  }

  openChannel(options: SecondaryOptions = {}): Promise<MpChannel> {
    return openSecondary({ filePrefix: this.filePrefix, visibility: 'private', ...options });
  }

  /** Opens a Node secondary that the primary sees in turns with the C secondary. */
  async openAnswerers(): Promise<Answerers> {
    return Answerers.open(await this.openChannel({ visibility: 'peer' }), this.runtimeDir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.secondary.quit();
    await this.primary.quit();
    cleanPrefix(this.filePrefix);
  }
}

/** The same message as `make_message` of main.c makes. `close` closes its descriptors. */
export interface BenchMessage {
  readonly name: string;
  readonly param: Uint8Array;
  readonly fds: readonly number[];
  close(): void;
}

export function makeMessage(name: string, size: number, fdCount: number): BenchMessage {
  const fds = Array.from({ length: fdCount }, () => openSync('/dev/null', 'r'));
  return {
    name,
    param: new Uint8Array(size),
    fds,
    close: () => {
      for (const fd of fds) closeSync(fd);
    },
  };
}

export function variantOf(size: number, fds: number): string {
  return fds === 0 ? `${size} B` : `${size} B, ${fds} descriptors`;
}

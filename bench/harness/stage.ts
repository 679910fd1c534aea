// What every row plays on: one C primary, one C secondary, and Node's channels to the same primary.
import { closeSync, openSync } from 'node:fs';
import { type MpChannel, openSecondary, type SecondaryOptions } from '../../lib/index.js';
import type { DpdkInstall } from '../../test/support/dpdk/install.js';
import { cleanPrefix, runtimeDir, uniquePrefix } from '../../test/support/dpdk/prefix.js';
import { Answerers } from './answerers.js';
import { CBench } from './c-program.js';
import type { BenchOptions, Sizes } from './options.js';

export const PARAM_SIZES = [16, 256] as const;
export const FD_COUNTS = [0, 8] as const;

/** 5 MiB for the copies, 2,000 zones, and EAL's own. */
const PRIMARY_MB = 16;

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

  static async set(install: DpdkInstall, { sizes }: BenchOptions): Promise<Stage> {
    const filePrefix = uniquePrefix('bench');
    const primary = await CBench.start(install, { filePrefix, memoryMb: PRIMARY_MB });
    const secondary = await CBench.start(install, { role: 'secondary', filePrefix, core: 1 });
    return new Stage(install, filePrefix, primary, secondary, sizes);
  }

  /** Another one, whose own thread is not on the processor of the primary's IPC thread. Ends with `quit`. */
  distantSecondary(): Promise<CBench> {
    return CBench.start(this.install, { role: 'secondary', filePrefix: this.filePrefix, core: 0 });
  }

  get runtimeDir(): string {
    return runtimeDir(this.filePrefix);
  }

  open(options: SecondaryOptions = {}): Promise<MpChannel> {
    return openSecondary({ filePrefix: this.filePrefix, visibility: 'private', ...options });
  }

  /** A Node and a C secondary that the primary is shown in turns. */
  async answerers(): Promise<Answerers> {
    return Answerers.open(await this.open({ visibility: 'peer' }), this.runtimeDir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.secondary.quit();
    await this.primary.quit();
    cleanPrefix(this.filePrefix);
  }
}

/** A message as `make_message` of main.c makes it; its descriptors are closed by `close`. */
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

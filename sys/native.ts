import { createRequire } from 'node:module';
import type koffiModule from 'koffi';
import type { LibraryHandle } from 'koffi';
import { MpError } from '../protocol/errors.js';

/** What the layouts of structs in this folder are written for: 64 bits, little endian. */
const ARCHITECTURES = ['x64', 'arm64', 'riscv64', 'loong64'];

interface Native {
  readonly koffi: typeof koffiModule;
  /** The libc that Node runs on, glibc or musl. */
  readonly libc: LibraryHandle;
}

/** With the package, as a C program's libraries are: the first request doesn't wait for it. Elsewhere an import does nothing. */
let loaded = isSupported() ? preload() : undefined;

/** koffi and libc. Throws `ENOTSUP` where they can't be had. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

/** Whether {@link native} answers without loading anything. */
export function isLoaded(): boolean {
  return loaded !== undefined;
}

/** Throws `ENOTSUP` where DPDK's sockets and memory can't be. */
export function assertPlatform(): void {
  const { platform, arch } = process;
  if (isSupported()) return;
  throw new MpError(
    'ENOTSUP',
    `DPDK's sockets and shared memory need 64-bit Linux, and this is ${platform} on ${arch}: here use dpdk-ipc/protocol (the codec) or dpdk-ipc/testing (channels in memory)`,
  );
}

function isSupported(): boolean {
  return process.platform === 'linux' && ARCHITECTURES.includes(process.arch);
}

function preload(): Native | undefined {
  try {
    return load();
  } catch {
    return undefined; // an import does no harm: the first use tries again, and says why not
  }
}

function load(): Native {
  assertPlatform();
  const require = createRequire(import.meta.url);
  try {
    const koffi = require('koffi') as typeof koffiModule;
    return { koffi, libc: koffi.load(null) }; // null: the process itself
  } catch (cause) {
    throw new MpError(
      'ENOTSUP',
      `koffi, which calls libc for us, has no binary for ${process.platform} on ${process.arch} here: install dpdk-ipc with its optional dependencies (npm's --omit=optional leaves that binary out)`,
      { cause },
    );
  }
}

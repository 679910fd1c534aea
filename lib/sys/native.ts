import { createRequire } from 'node:module';
import type koffiModule from 'koffi';
import type { LibraryHandle } from 'koffi';
import { MpError } from '../../protocol/errors.js';

/** What the layouts of structs in this folder are written for: 64 bits, little endian. */
const ARCHITECTURES = ['x64', 'arm64', 'riscv64', 'loong64'];

interface Native {
  readonly koffi: typeof koffiModule;
  /** The libc that Node runs on, glibc or musl. */
  readonly libc: LibraryHandle;
}

let loaded: Native | undefined;

/** koffi, loaded at first use, so that an import of this package does nothing anywhere. Throws `ENOTSUP`. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

/** Throws `ENOTSUP` where DPDK's sockets and memory can't be. */
export function assertPlatform(): void {
  const { platform, arch } = process;
  if (platform === 'linux' && ARCHITECTURES.includes(arch)) return;
  throw new MpError(
    'ENOTSUP',
    `DPDK's sockets and shared memory need 64-bit Linux, and this is ${platform} on ${arch}: here use dpdk-ipc/protocol (the codec) or dpdk-ipc/testing (channels in memory)`,
  );
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

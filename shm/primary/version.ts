import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';

/** RTE_VER_RELEASE (rte_version.h) of anything that isn't a release candidate. */
const FINAL_RELEASE = 99;
/** Largest minor number: the version word has one byte for it. */
const MAX_MINOR = 255;
/** First and last release whose memory can be made: 20.11 is the first with malloc elements as `shm/heap` writes them. */
const FIRST_WORD = 0x140b0000;
const LAST_WORD = 0x1a0bffff;

/**
 * Returns `RTE_VERSION` (rte_version.h) of a release as `rte_version` prints it. Throws `EINVAL` for text that isn't one,
 * `EVERSION` for a release whose memory can't be made here.
 *
 * @example
 * versionWordOf('22.11.11'); // 0x160b0b63
 */
export function versionWordOf(version: string): number {
  const match = /^(?:DPDK )?(\d\d)\.(0[1-9]|1[0-2])\.(\d{1,3})(?:-rc(\d\d?))?$/.exec(version);
  if (match === null || Number(match[3]) > MAX_MINOR) {
    throw new MpError(
      'EINVAL',
      `Option memory.version is '${version}': give a complete version as rte_version() prints it, such as '22.11.11' or '26.11.0-rc0'`,
    );
  }
  const [year = 0, month = 0, minor = 0] = match.slice(1, 4).map(Number);
  const release = match[4] === undefined ? FINAL_RELEASE : Number(match[4]);
  const word = ((year << 24) | (month << 16) | (minor << 8) | release) >>> 0;
  if (word >= FIRST_WORD && word <= LAST_WORD) return word;
  throw new MpError(
    'EVERSION',
    `Shared memory for DPDK ${version} can't be made: give memory.version a release from 20.11 to 26.11`,
  );
}

/** Returns the installed release, from pkg-config or else from the EAL library; `undefined` where there is none. */
export function installedVersion(): string | undefined {
  return pkgConfigVersion() ?? libraryVersion();
}

function pkgConfigVersion(): string | undefined {
  try {
    const version = execFileSync('pkg-config', ['--modversion', 'libdpdk'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return version === '' ? undefined : version;
  } catch {
    return undefined; // no pkg-config, or it knows no DPDK
  }
}

const LIBRARY_FOLDERS: readonly string[] = Object.freeze(
  ['/usr/local', '/usr'].flatMap((root) => [
    `${root}/lib/x86_64-linux-gnu`,
    `${root}/lib/aarch64-linux-gnu`,
    `${root}/lib64`,
    `${root}/lib`,
  ]),
);
/** Text that `rte_version` returns, as it is in the library. */
const VERSION_TEXT = /DPDK (\d\d\.\d\d\.\d{1,3}(?:-rc\d\d?)?)\0/;

function libraryVersion(): string | undefined {
  for (const folder of LIBRARY_FOLDERS.filter((path) => existsSync(path))) {
    const name = readdirSync(folder).find((file) => /^librte_eal\.so\.\d+/.test(file));
    if (name === undefined) continue;
    const version = VERSION_TEXT.exec(readFileSync(`${folder}/${name}`, 'latin1'))?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}

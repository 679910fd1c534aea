// C processes as subjects of the conformance checks.
import { existsSync, readdirSync } from 'node:fs';
import { dialectOf } from '../../../protocol/index.js';
import { readConfigHead } from '../../../shm/layout/mem-config.js';
import type {
  Ability,
  Role,
  StartOptions,
  Subject,
  SubjectSource,
  TestPrefix,
} from '../../../tools/conformance/subject.js';
import type { DpdkInstall } from '../../support/dpdk/install.js';
import { CPeer } from '../../support/dpdk/peer.js';
import { cleanPrefix, runtimeDir, uniquePrefix } from '../../support/dpdk/prefix.js';

/** The C peers of a release in one role. */
export function cSource(install: DpdkInstall, role: Role): SubjectSource {
  const devices: readonly Ability[] = install.driverArgs === undefined ? [] : ['devices'];
  return {
    label: `C ${install.version} ${role}`,
    implementation: 'C',
    role,
    dialect: dialectOf(versionWordOf(install.version)),
    abilities: new Set<Ability>(['driver', 'processes', 'pid', 'eal', 'memory', ...devices]),
    open: () => openSubject(install, role),
    newPrefix: async () => new CPrefix(install),
  };
}

/** RTE_VERSION_NUM of a version such as 22.11.11. */
function versionWordOf(version: string): number {
  const [year = 0, month = 0, minor = 0] = version.split('.').map(Number);
  return ((year << 24) | (month << 16) | (minor << 8) | 99) >>> 0;
}

/** The prefix ends with its subject. */
async function openSubject(install: DpdkInstall, role: Role): Promise<Subject> {
  const prefix = new CPrefix(install);
  const end = () => prefix[Symbol.asyncDispose]();
  try {
    // a device for C76 to name
    const args = install.driverArgs === undefined ? [] : ['--vdev', 'net_null0'];
    const primary = await prefix.startPeer('primary', { args });
    const peer = role === 'primary' ? primary : await prefix.startPeer('secondary');
    return new CSubject(peer, prefix.directory, end);
  } catch (error) {
    await end();
    throw error;
  }
}

class CPrefix implements TestPrefix {
  readonly #install: DpdkInstall;
  readonly #prefix = uniquePrefix('conform');
  readonly #peers: CPeer[] = [];

  constructor(install: DpdkInstall) {
    this.#install = install;
  }

  get directory(): string {
    return runtimeDir(this.#prefix);
  }

  async start(role: Role, options: StartOptions = {}): Promise<Subject> {
    const peer = await this.startPeer(role, options);
    return new CSubject(peer, this.directory, () => peer[Symbol.asyncDispose]());
  }

  async startPeer(role: Role, options: StartOptions = {}): Promise<CPeer> {
    const { args = [], env = {}, untilReady = true } = options;
    const peer = await CPeer.start({
      role,
      release: this.#install.release,
      filePrefix: this.#prefix,
      bigZone: false,
      core: role === 'primary' ? 0 : 1,
      args: [...(this.#install.driverArgs ?? []), ...args],
      env,
      untilReady,
    });
    this.#peers.push(peer);
    if (untilReady && env.NO_ACTIONS === undefined) await peer.command('conform');
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers.reverse()) await peer[Symbol.asyncDispose]();
    cleanPrefix(this.#prefix);
  }
}

class CSubject implements Subject {
  readonly implementation = 'C';
  readonly directory: string;
  readonly probe = { name: 'echo', param: 'probe' };
  readonly #peer: CPeer;
  readonly #end: () => Promise<void>;

  constructor(peer: CPeer, directory: string, end: () => Promise<void>) {
    this.#peer = peer;
    this.directory = directory;
    this.#end = end;
  }

  get role(): Role {
    return this.#peer.role;
  }

  get driver(): CPeer {
    return this.#peer;
  }

  /** The pid that the peer prints: what was started may be a shell that runs it. */
  get pid(): number {
    const ready = this.#peer.lines.find(({ event }) => event === 'READY');
    return Number(ready?.fields.pid ?? this.#peer.pid);
  }

  get versionWord(): number | undefined {
    return readConfigHead(`${this.directory}/config`)?.versionWord;
  }

  get dialect() {
    return dialectOf(this.versionWord ?? 0);
  }

  /** Empty while there is no socket yet. */
  get socketPath(): string {
    const name = this.role === 'primary' ? 'mp_socket' : this.#secondaryName();
    return name !== undefined && existsSync(`${this.directory}/${name}`) ? `${this.directory}/${name}` : '';
  }

  #secondaryName(): string | undefined {
    if (!existsSync(this.directory)) return undefined;
    return readdirSync(this.directory).find((name) => name.startsWith(`mp_socket_${this.pid}_`));
  }

  log(): string {
    return this.#peer.stderr;
  }

  isRunning(): boolean {
    return this.#peer.running;
  }

  async quit(): Promise<void> {
    await this.#peer.quit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

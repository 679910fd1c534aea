import type { Mapping } from '../../sys/mapping.js';
import { mapFile } from './map-file.js';
import type { SharedFile } from './shared-file.js';

/** The locks and the status byte are within the first page, in every layout; nothing else gets mapped. */
const PAGE = 4096;

/** The first page of `config`, mapped for writing. */
export class ConfigPage {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly #mapping: Mapping;

  private constructor(mapping: Mapping) {
    this.#mapping = mapping;
    const buffer = mapping.view(0, PAGE);
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /** `config` must be open for writing and be a whole `struct rte_mem_config`. */
  static map(config: SharedFile): ConfigPage {
    return new ConfigPage(mapFile(config.fd, PAGE, config.path));
  }

  /** It is unmapped once this object and the locks in it are garbage. */
  close(): void {
    this.#mapping.close();
  }
}

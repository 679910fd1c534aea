// The lock words of a living primary's config.
import { ConfigPage, SharedFile } from '../../../shm/attach/shared-file.js';
import { parseMemConfig } from '../../../shm/layout/mem-config.js';
import { RwLock } from '../../../shm/locks/rwlock.js';

export interface LiveLock {
  readonly lock: RwLock;
  word(): number;
  set(word: number): void;
}

export function liveLock(
  scope: { defer(undo: () => unknown): void },
  runtimePath: string,
  which: 'mlock' | 'memoryHotplugLock',
): LiveLock {
  const config = SharedFile.openWritable(`${runtimePath}/config`);
  const page = ConfigPage.map(config);
  const { layout } = parseMemConfig(config.read(Buffer.alloc(config.size), 0), config.path);
  scope.defer(() => {
    page.close();
    config.close();
  });
  const offset = layout.offsets[which];
  return {
    lock: new RwLock(page.words, offset, layout.rwlock),
    word: () => Atomics.load(page.words, offset / 4),
    set: (word) => Atomics.store(page.words, offset / 4, word),
  };
}

import { MAX_HEAPS } from '../../layout/releases.js';
import { HeapRecord } from '../heap-record.js';
import { EXTERNAL_SOCKET_ID, type HeapSpace } from '../heap-space.js';
import { SharedWords } from '../shared-words.js';
import { checkChain } from './check-chain.js';
import { checkCoverage } from './check-coverage.js';
import { checkFreeLists, checkJoined, checkZeros } from './check-free-lists.js';
import { checkMemzones } from './check-memzones.js';
import { Findings, type HeapFinding } from './findings.js';

/**
 * Checks everything that EAL's heaps and the memzone table consist of: that elements cover the pages exactly, that free
 * lists, sums and counts are right, that free memory is zero and each zone a block in use. It holds all their locks
 * meanwhile, so it is for tests and for looking at what went wrong. Empty: nothing was found.
 */
export function checkHeap(space: HeapSpace): HeapFinding[] {
  const words = new SharedWords(space);
  const heaps = Array.from({ length: MAX_HEAPS }, (_, index) => new HeapRecord(words, index)).filter(
    // an application's own memory isn't mapped here
    ({ name, socketId }) => name !== '' && socketId < EXTERNAL_SOCKET_ID,
  );
  const findings = new Findings();
  return space.locks.mlock(() =>
    withLocks(space, heaps, () => {
      const elements = heaps.flatMap((heap) => {
        const chain = checkChain(words, heap, findings);
        checkFreeLists(words, heap, chain, findings);
        checkJoined(chain, findings);
        checkZeros(words, chain, findings);
        return chain;
      });
      elements.sort((a, b) => a.addr - b.addr);
      checkCoverage(words, elements, findings);
      checkMemzones(space, elements, findings);
      return findings.list;
    }),
  );
}

function withLocks<T>(space: HeapSpace, [heap, ...others]: readonly HeapRecord[], section: () => T): T {
  if (heap === undefined) return section();
  return space.locks.heap(heap.index, () => withLocks(space, others, section));
}

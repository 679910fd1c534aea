import { basename } from 'node:path';
import { type Check, count } from '../finding.js';

/** Killed secondaries can't remove theirs, and no C process removes them until the primary broadcasts. */
export const staleSockets: Check = {
  id: 'stale-sockets',
  run({ inspection, directory }) {
    const stale = inspection?.secondaries.stale ?? [];
    if (stale.length === 0) return undefined;
    const names = stale.map(({ path }) => basename(path));
    return {
      severity: 'warning',
      what: `${count(stale.length, 'socket')} of secondaries that died`,
      evidence: `nobody is bound to ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`,
      fix: `Harmless: the primary removes them at its next broadcast. By hand: rm ${names.map((name) => `${directory}/${name}`).join(' ')}`,
    };
  },
};

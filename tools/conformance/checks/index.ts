import type { Check } from '../check.js';
import { ADDRESSING } from './addressing.js';
import { API_INPUT } from './api-input.js';
import { BUILT_INS } from './built-ins.js';
import { LIFECYCLE } from './lifecycle.js';
import { LOAD } from './load.js';
import { MALFORMED } from './malformed.js';
import { MEMORY } from './memory-sync.js';
import { NAMES } from './names.js';
import { ODD } from './odd-datagrams.js';
import { REQUESTS } from './requests.js';
import { SEVERAL_PEERS } from './several-peers.js';
import { STARTING } from './start-lock.js';

/** All checks, in the order and the groups of the protocol reference. */
export const CHECK_GROUPS = [
  { title: 'API input', checks: API_INPUT },
  { title: 'Malformed or odd datagrams', checks: sorted(MALFORMED, ODD) },
  { title: 'Addressing', checks: ADDRESSING },
  { title: 'Requests', checks: sorted(REQUESTS, SEVERAL_PEERS, NAMES) },
  { title: 'Initialisation, locks, load', checks: sorted(STARTING, LIFECYCLE, LOAD) },
  { title: 'Built-in actions', checks: sorted(BUILT_INS, MEMORY) },
];

export const ALL_CHECKS: readonly Check[] = CHECK_GROUPS.flatMap(({ checks }) => checks);

/** C9 comes before C10, and C30a after C30. */
function sorted(...parts: readonly (readonly Check[])[]): readonly Check[] {
  return parts.flat().sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

import type { Check } from '../finding.js';
import { answersRefused } from './answers-refused.js';
import { badPath } from './bad-path.js';
import { descriptorLimit } from './descriptor-limit.js';
import { directoryLocked } from './directory-locked.js';
import { foreignRuntimeDirectory } from './foreign-directory.js';
import { hugetlbfs } from './hugetlbfs.js';
import { ipcSilent } from './ipc-silent.js';
import { ipcThreadDead } from './ipc-thread-dead.js';
import { memoryUnusable } from './memory-unusable.js';
import { multiProcessDisabled } from './multi-process-disabled.js';
import { noMemory } from './no-memory.js';
import { noPermission } from './no-permission.js';
import { otherMountNamespace } from './other-mount-namespace.js';
import { otherSpelling, peersOtherSpelling } from './other-spelling.js';
import { peersSilent } from './peers-silent.js';
import { pidNamespace } from './pid-namespace.js';
import { primaryDead } from './primary-dead.js';
import { primaryPrivate } from './primary-private.js';
import { primaryStarting } from './primary-starting.js';
import { primaryStopped } from './primary-stopped.js';
import { staleSockets } from './stale-sockets.js';
import { versionUnknown } from './version-unknown.js';
import { wrongPrefix } from './wrong-prefix.js';

/** Checks that stand on each other: after an error in one stage the later ones would only say it again. */
export const STAGES: readonly (readonly Check[])[] = [
  [badPath],
  [noPermission, foreignRuntimeDirectory],
  [otherMountNamespace],
  [primaryPrivate],
  [wrongPrefix],
  [primaryDead, primaryStarting, directoryLocked, versionUnknown, pidNamespace, staleSockets],
  [otherSpelling],
  [
    primaryStopped,
    ipcThreadDead,
    answersRefused,
    ipcSilent,
    descriptorLimit,
    multiProcessDisabled,
    peersOtherSpelling,
    peersSilent,
    noMemory,
    memoryUnusable,
    hugetlbfs,
  ],
];

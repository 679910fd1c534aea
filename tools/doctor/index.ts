import { answersRefused } from './checks/answers-refused.js';
import { badPath } from './checks/bad-path.js';
import { descriptorLimit } from './checks/descriptor-limit.js';
import { directoryLocked } from './checks/directory-locked.js';
import { foreignRuntimeDirectory } from './checks/foreign-directory.js';
import { hugetlbfs } from './checks/hugetlbfs.js';
import { ipcSilent } from './checks/ipc-silent.js';
import { ipcThreadDead } from './checks/ipc-thread-dead.js';
import { memoryUnusable } from './checks/memory-unusable.js';
import { multiProcessDisabled } from './checks/multi-process-disabled.js';
import { noMemory } from './checks/no-memory.js';
import { noPermission } from './checks/no-permission.js';
import { otherMountNamespace } from './checks/other-mount-namespace.js';
import { otherSpelling, peersOtherSpelling } from './checks/other-spelling.js';
import { peersSilent } from './checks/peers-silent.js';
import { pidNamespace } from './checks/pid-namespace.js';
import { primaryDead } from './checks/primary-dead.js';
import { primaryPrivate } from './checks/primary-private.js';
import { primaryStarting } from './checks/primary-starting.js';
import { primaryStopped } from './checks/primary-stopped.js';
import { staleSockets } from './checks/stale-sockets.js';
import { versionUnknown } from './checks/version-unknown.js';
import { wrongPrefix } from './checks/wrong-prefix.js';
import type { Check } from './finding.js';

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

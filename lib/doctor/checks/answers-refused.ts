import { userName } from '../../instances/process-facts.js';
import type { Check } from '../finding.js';

/** Sockets are bound with mode 0755: only their owner and root may send to them. */
export const answersRefused: Check = {
  id: 'answers-refused',
  run({ isRunning, primary, uid }) {
    if (!isRunning || primary === undefined || primary.uid === 0 || primary.uid === uid) return undefined;
    return {
      severity: 'error',
      what: `The primary can not answer ${userName(uid)}: its answers need the right to write to our socket`,
      evidence: `it runs as ${primary.user}, we are ${userName(uid)}`,
      fix: `Run as ${primary.user}: sudo -u ${primary.user} …, or setpriv --reuid ${primary.uid}`,
    };
  },
};

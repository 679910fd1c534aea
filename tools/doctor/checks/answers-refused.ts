import { userName } from '../../../sys/process-facts.js';
import type { Check } from '../finding.js';

export const answersRefused: Check = {
  id: 'answers-refused',
  run({ isRunning, primary, uid, mayNotAnswer }) {
    if (!isRunning || primary === undefined || !mayNotAnswer) return undefined;
    return {
      severity: 'error',
      what: `The primary can not answer ${userName(uid)}: its answers need the right to write to our socket`,
      evidence: `it runs as ${primary.user}, we are ${userName(uid)}`,
      fix: `Run as ${primary.user}: sudo -u ${primary.user} …, or setpriv --reuid ${primary.uid}`,
    };
  },
};

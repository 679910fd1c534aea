// This package's channel as a subject of the conformance checks, each in a process of its own.
import { fileURLToPath } from 'node:url';
import { DIALECTS, type DialectId } from '../../../protocol/index.js';
import { driverSource } from '../../../tools/conformance/driver-source.js';
import type { Role, SubjectSource } from '../../../tools/conformance/subject.js';

const PROGRAM = fileURLToPath(new URL('./node-subject.ts', import.meta.url));
const TYPESCRIPT = ['--import', new URL('../../register.mjs', import.meta.url).href];
/** Few enough that `starve` is done at once. */
const DESCRIPTORS = 512;

export function nodeSource(role: Role, dialect: DialectId = '332/8'): SubjectSource {
  return driverSource({
    label: `Node ${role}`,
    implementation: 'ours',
    role,
    dialect: DIALECTS[dialect],
    command: (starting, filePrefix) => {
      const node = [process.execPath, ...TYPESCRIPT, PROGRAM, starting, filePrefix, dialect];
      return ['/bin/sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh', ...node];
    },
  });
}

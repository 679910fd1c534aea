// Looks a zone up until it is killed: lookup-child.ts FILE-PREFIX ZONE
import { writeSync } from 'node:fs';
import { attachMemory } from '../../../../shm/attach/attach.js';

const [, , filePrefix = '', zone = ''] = process.argv;
const memory = attachMemory({ filePrefix });
for (let i = 0; ; i++) {
  memory.lookup(zone);
  if (i % 500 === 0) writeSync(1, `lookups n=${i}\n`);
}

// A Node primary with memory that kills itself with SIGKILL at its n-th system call: grow-child.ts PREFIX VERSION STEP.
// It reserves SHARED, 4096 bytes 0xA5. Commands on stdin: 'armed' counts calls from then on, 'reserve BYTES' reserves LARGE,
// 'count' prints how many calls were made.
import { createInterface } from 'node:readline';
import { openPrimary } from '../../lib/index.js';
import { interposed } from './support/fault-plan.js';

const [filePrefix = '', version = '', step = ''] = process.argv.slice(2);
const die = Number(step);
const channel = await openPrimary({ filePrefix, memory: { hugepages: 2, version } });
channel.memory.reserve('SHARED', 4096).bytes.fill(0xa5);
let [isArmed, calls] = [false, 0];

await interposed(
  () => {
    if (isArmed && calls++ === die) process.kill(process.pid, 'SIGKILL');
    return undefined;
  },
  async () => {
    console.log('READY');
    for await (const line of createInterface({ input: process.stdin })) {
      const [word, bytes] = line.split(' ');
      if (word === 'armed') isArmed = true;
      if (word === 'reserve') channel.memory.reserve('LARGE', Number(bytes));
      console.log(word === 'count' ? `calls ${calls}` : `done ${word}`);
    }
  },
);
await channel.close();

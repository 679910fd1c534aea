// A Node primary with memory that kills itself with SIGKILL at its n-th call once its input says so:
// grow-child.ts PREFIX VERSION STEP. It reserves SHARED, of 4096 bytes 0xA5. The line 'armed' has calls counted from there
// on, and 'reserve BYTES' has it reserve LARGE itself. 'count' has it print how many calls there were.
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

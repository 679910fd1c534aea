// A Node primary with shared memory in a process of its own: primary-child.ts PREFIX VERSION HUGEPAGES ['worker']. It reserves
// SHARED, 4096 bytes 0xA5. The end of its input closes its channel. A line ends the process at once; 'close …' ends it while its
// channel closes.
import { openPrimary } from '../../../../lib/index.js';

const [filePrefix = '', version = '', pages = '', worker = ''] = process.argv.slice(2);
const memory = { hugepages: Number(pages), version, worker: worker !== '' };
const channel = await openPrimary({ filePrefix, memory });
channel.memory.reserve('SHARED', 4096).bytes.fill(0xa5);
console.log('READY');
process.stdin
  .once('end', () => void channel.close())
  .on('data', (line) => {
    if (String(line).startsWith('close')) void channel.close();
    process.exit();
  });

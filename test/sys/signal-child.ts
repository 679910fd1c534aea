// Sends itself a signal while signals are held off: signal-child.ts SIGNAL
import { writeSync } from 'node:fs';
import { holdingSignals } from '../../sys/signal-guard.js';

const signal = process.argv[2] as NodeJS.Signals;
const result = holdingSignals(() => {
  process.kill(process.pid, signal);
  process.kill(process.pid, signal); // users press Ctrl-C twice
  writeSync(1, 'inside\n');
  return 1;
});
writeSync(1, `after ${result}\n`);

// Kills itself where signals are held: signal-child.ts SIGNAL
import { writeSync } from 'node:fs';
import { holdingSignals } from '../../sys/signal-guard.js';

const signal = process.argv[2] as NodeJS.Signals;
const result = holdingSignals(() => {
  process.kill(process.pid, signal);
  process.kill(process.pid, signal); // impatient users exist
  writeSync(1, 'inside\n');
  return 1;
});
writeSync(1, `after ${result}\n`);

// Does in Node what a C secondary does with BENCH_SPAWNED_NS (main.c): sends one request at once, and prints
// "start BOOT_NS OPEN_NS REPLY_NS RSS_KB".
import { readFileSync } from 'node:fs';

const [, , library, filePrefix] = process.argv;
const { openSecondary } = await import(library);

const entered = process.hrtime.bigint();
const channel = await openSecondary({ filePrefix });
const opened = process.hrtime.bigint();
channel.requestSync({ name: 'echo', param: new Uint8Array(16) });
const answered = process.hrtime.bigint();

const boot = entered - BigInt(process.env.BENCH_SPAWNED_NS);
const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
console.log(`start ${boot} ${opened - entered} ${answered - entered} ${resident}`);
await channel.close();

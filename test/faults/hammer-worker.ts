// A thread that asks for `echo` without a pause, from "go" to "stop".
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { openSecondary } from '../../lib/index.js';

const { tag, ...options } = workerData;
const channel = await openSecondary({ ...options, visibility: 'private' });
let isStopped = false;
parentPort?.on('message', async (word) => {
  isStopped = word === 'stop';
  if (isStopped) return;
  while (!isStopped) {
    using reply = await channel.request({ name: 'echo', param: tag });
    if (reply.msgs[0]?.text() !== tag) throw new RangeError(`not ${tag}`);
    await turn();
  }
  await channel.close();
  parentPort?.close();
});
parentPort?.postMessage('open');

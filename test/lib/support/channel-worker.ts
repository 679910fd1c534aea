// A thread with a channel that has the actions of each-transport.ts, until it gets a message.
import { parentPort, workerData } from 'node:worker_threads';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { registerActions } from './each-transport.js';

const { role, options } = workerData;
const channel = await (role === 'primary' ? openPrimary(options) : openSecondary(options));
registerActions(channel);
parentPort?.once('message', async () => {
  await channel.close();
  parentPort?.close();
});
parentPort?.postMessage('open');

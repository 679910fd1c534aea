// A request and its answer: the smallest example.
//
//   node --import ./test/register.mjs examples/ping.ts
import { openPrimary, openSecondary } from '../lib/index.js';
import { play } from './play.js';

await play(import.meta.url, {
  async server(filePrefix) {
    const channel = await openPrimary({ filePrefix });
    // the channel sends what the handler returns as the reply, under the request's name
    channel.registerAction('ping_request', (msg) => {
      console.log(`server: got '${msg.text()}'`);
      return { param: 'pong' };
    });
    return channel;
  },

  async client(filePrefix) {
    const channel = await openSecondary({ filePrefix });
    // request() doesn't block ...
    const reply = await channel.request({ name: 'ping_request', param: 'ping' });
    console.log(`client: ${reply.nbReceived} of ${reply.nbSent} answered: '${reply.msgs[0]?.text()}'`);
    // ... requestSync() blocks this thread, as rte_mp_request_sync does
    const second = channel.requestSync({ name: 'ping_request', param: 'ping again' });
    console.log(`client: '${second.msgs[0]?.text()}' again`);
    await channel.close();
  },
});

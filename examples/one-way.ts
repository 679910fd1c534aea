// One-way messages: a secondary's go to the primary, a primary's to every secondary.
//
//   node --import ./test/register.mjs examples/one-way.ts
import { openPrimary, openSecondary } from '../lib/index.js';
import { play } from './play.js';

await play(import.meta.url, {
  async server(filePrefix) {
    const channel = await openPrimary({ filePrefix });
    channel.registerAction('link_changed', async (msg) => {
      console.log(`server: link ${msg.text()}`);
      if (msg.text() === 'up') await channel.sendMessage({ name: 'start_traffic', param: 'port 0' });
    });
    return channel;
  },

  async client(filePrefix) {
    const channel = await openSecondary({ filePrefix });
    const started = new Promise<void>((resolve) => {
      channel.registerAction('start_traffic', (msg) => {
        console.log(`client: start traffic on ${msg.text()}`);
        resolve();
      });
    });
    // sendMessage resolves once the message is in the primary's queue; messages of one sender keep their order
    await channel.sendMessage({ name: 'link_changed', param: 'down' });
    await channel.sendMessage({ name: 'link_changed', param: 'up' });
    await started;
    await channel.close();
  },
});

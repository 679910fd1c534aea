// Three secondaries at once: each asks the primary, then the primary asks all of them in one request.
//
//   node --import ./test/register.mjs examples/several-clients.ts
import { type MpChannel, openPrimary, openSecondary } from '../lib/index.js';
import { play } from './play.js';

const CLIENTS = 3;

async function askEverybody(channel: MpChannel): Promise<void> {
  // a primary's request goes to every secondary; it resolves once all have answered
  const reply = await channel.request({ name: 'your_name' });
  const names = reply.msgs.map((msg) => msg.text()).sort();
  console.log(`server: ${reply.nbReceived} of ${reply.nbSent} answered: ${names.join(', ')}`);
  await channel.sendMessage({ name: 'bye' });
}

await play(import.meta.url, {
  clients: CLIENTS,

  async server(filePrefix) {
    const channel = await openPrimary({ filePrefix });
    let known = 0;
    channel.registerAction('hello', (msg) => {
      known++;
      if (known === CLIENTS) setImmediate(() => askEverybody(channel));
      return { param: `welcome, ${msg.text()}` };
    });
    return channel;
  },

  async client(filePrefix, number) {
    const name = `client ${number}`;
    const channel = await openSecondary({ filePrefix });
    channel.registerAction('your_name', () => ({ param: name }));
    const bye = new Promise<void>((resolve) => channel.registerAction('bye', () => resolve()));
    const { msgs } = await channel.request({ name: 'hello', param: name });
    console.log(`${name}: ${msgs[0]?.text()}`);
    await bye;
    await channel.close();
  },
});

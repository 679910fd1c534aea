// Passing a file descriptor: the server opens a file, the client reads it without ever seeing its name.
//
//   node --import ./test/register.mjs examples/pass-fd.ts
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openPrimary, openSecondary } from '../lib/index.js';
import { play } from './play.js';

await play(import.meta.url, {
  async server(filePrefix) {
    const channel = await openPrimary({ filePrefix });
    const fd = openSync(fileURLToPath(import.meta.url), 'r'); // this very file
    // sending duplicates the descriptor: ours stays open until we close it
    channel.registerAction('open_source', () => ({ fds: [fd] }));
    channel.once('close', () => closeSync(fd));
    return channel;
  },

  async client(filePrefix) {
    const channel = await openSecondary({ filePrefix });
    const reply = await channel.request({ name: 'open_source' });
    // we close what we take; the channel closes all other descriptors
    const [fd] = reply.msgs[0]?.takeFds() ?? [];
    if (fd === undefined) throw new Error('No descriptor came');
    const [firstLine] = readFileSync(fd, 'utf8').split('\n');
    console.log(`client: read '${firstLine}'`);
    closeSync(fd);
    await channel.close();
  },
});

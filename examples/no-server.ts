// The errors that a secondary gets when no primary runs.
//
//   node --import ./test/register.mjs examples/no-server.ts
import { MpError, openSecondary } from '../lib/index.js';

// Opening succeeds without a primary, which may start later. 'private' leaves nothing in the runtime directory.
const channel = await openSecondary({ filePrefix: 'nobody-uses-this', visibility: 'private' });
console.log(`peers: ${channel.peers().length}`);

try {
  await channel.request({ name: 'hello' });
} catch (error) {
  // ENOENT: no primary has started. ECONNREFUSED: a primary has started and died.
  if (!(error instanceof MpError)) throw error;
  console.log(`${error.code}: ${error.message}`);
}

await channel.close();

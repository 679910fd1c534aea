// What happens when no answer comes in time, and how to choose how long to wait.
//
//   node --import ./test/register.mjs examples/timeout.ts
import { setTimeout as sleep } from 'node:timers/promises';
import { MpError, MpTimeoutError, openPrimary, openSecondary } from '../lib/index.js';
import { play } from './play.js';

/** Returns the error that a request failed with. */
async function failureOf(request: () => unknown): Promise<unknown> {
  try {
    await request();
  } catch (error) {
    return error;
  }
  throw new Error('It was answered');
}

await play(import.meta.url, {
  async server(filePrefix) {
    const channel = await openPrimary({ filePrefix });
    channel.registerAction('silent', () => {}); // returns nothing, so no reply is sent
    channel.registerAction('slow', async () => {
      await sleep(300);
      return { param: 'here at last' };
    });
    return channel;
  },

  async client(filePrefix) {
    const channel = await openSecondary({ filePrefix });

    const error = await failureOf(() => channel.request({ name: 'silent' }, { timeoutMs: 200 }));
    if (!(error instanceof MpTimeoutError)) throw error;
    // `reply` has the answers that did come: with several peers, some may have answered
    console.log(`client: ${error.code}, ${error.reply.nbReceived} of ${error.reply.nbSent} answered`);

    const blocking = await failureOf(() => channel.requestSync({ name: 'slow' }, { timeoutMs: 100 }));
    if (!(blocking instanceof MpTimeoutError)) throw blocking;
    console.log(`client: ${blocking.code} too soon for 'slow'`);

    // The channel drops the late answer to that request: it can't become the answer to this one.
    const { msgs } = await channel.request({ name: 'slow' }, { timeoutMs: 2000 });
    console.log(`client: '${msgs[0]?.text()}'`);

    const aborted = await failureOf(() =>
      channel.request({ name: 'silent' }, { signal: AbortSignal.timeout(100) }),
    );
    if (!(aborted instanceof MpError)) throw aborted;
    console.log(`client: ${aborted.code} by its AbortSignal`);

    await channel.close();
  },
});

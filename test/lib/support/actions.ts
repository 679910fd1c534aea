import { IGNORE, type MpChannel } from '../../../lib/index.js';

/** What the peer of a blocking request answers to. All handlers are synchronous: so they work in one thread, too. */
export function registerActions(channel: MpChannel): void {
  channel.registerAction('echo', (msg) => ({ param: msg.param, fds: msg.fds }));
  channel.registerAction('ignore', () => IGNORE);
  channel.registerAction('silent', () => {});
  channel.registerAction('ask-back', () => {
    // Answered by a thread that blocks in its own request; the answer to that comes from `asked`.
    void channel.request({ name: 'asked', param: 'while you wait' }, { timeoutMs: 2000 }).catch(() => {});
  });
  channel.registerAction('who', () => ({ param: String(channel.peers().length) }));
}

// Messages that wait because their receiver doesn't read.
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { holdings } from '../../support/long-run.js';
import { StageScope } from '../../support/stage.js';

/** How many messages wait for one peer (outbox.ts), and how many the kernel queues at one socket. */
const [MAX_QUEUED_EACH, IN_KERNEL] = [16_384, 11];

describe('messages for a peer that stopped reading', () => {
  const scope = new StageScope();
  const { keep } = scope;

  it('wait up to a limit of their own, and leave other peers room', async function () {
    this.timeout(120_000);
    const { stage } = scope;
    const primary = await openPrimary(stage.options);
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    stage.socket('mp_socket_1_mute');
    const mute = { path: `${stage.directory}/mp_socket_1_mute` };
    const before = await holdings();
    const outcomes: Record<string, number> = {};
    const count = (outcome: string) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    };
    const replies: Promise<void>[] = [];
    for (let i = 0; i < IN_KERNEL + MAX_QUEUED_EACH + 500; i++) {
      const replied = primary.reply({ name: 'x' }, mute);
      replies.push(
        replied.then(
          () => count('sent'),
          (error: { code: string }) => count(error.code),
        ),
      );
    }
    const other = await keep(openSecondary({ ...stage.options, visibility: 'private' }));
    using reply = await other.request({ name: 'echo', param: 'room' });
    expect(reply.msgs[0]?.text()).to.equal('room');
    const { residentBytes } = await holdings();
    await primary.close();
    await Promise.all(replies);
    expect(outcomes).to.deep.equal({ sent: IN_KERNEL, ENOBUFS: 500, ECANCELED: MAX_QUEUED_EACH });
    expect(residentBytes - before.residentBytes).to.be.below(200 * 2 ** 20);
  });
});

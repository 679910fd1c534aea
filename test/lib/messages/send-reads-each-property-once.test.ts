// A message may change while it is sent (a getter, a proxy, an array that grows). One that claims another number of descriptors than it
// carries ends a C process's IPC thread.
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { encodeMessage } from '../../../protocol/codec.js';
import { MpError, MpType } from '../../../protocol/index.js';
import { nextDatagram, StageScope } from '../../support/stage.js';

/** A message with two descriptors at the first read of `fds`, and `later` from then on. */
function changing(later: unknown) {
  let reads = 0;
  return {
    name: 'x',
    get fds(): number[] {
      reads++;
      return (reads === 1 ? [0, 0] : later) as number[];
    },
  };
}

describe('a message that changes while it is sent', () => {
  const scope = new StageScope();

  for (const later of [[], 'no array', new Array(254).fill(0)]) {
    it(`goes out as it was at the first read: ${typeof later} of length ${later.length} from then on`, async () => {
      const raw = scope.stage.socket('mp_socket');
      const secondary = await scope.keep(openSecondary({ ...scope.stage.options, visibility: 'private' }));
      await secondary.sendMessage(changing(later));
      const { bytes, fds } = await nextDatagram(raw);
      for (const fd of fds) fd.close();
      expect([new DataView(bytes.buffer, bytes.byteOffset).getInt32(72, true), fds.length]).to.deep.equal([
        2, 2,
      ]);
      const encoded = encodeMessage('332/8', MpType.MSG, changing(later));
      expect(new DataView(encoded.buffer).getInt32(72, true)).to.equal(2);
    });
  }

  it('goes to every peer of a synchronous broadcast as it was at the first read', async () => {
    const { stage, keep } = scope;
    const [first, second] = [stage.socket('mp_socket_1_a'), stage.socket('mp_socket_1_b')];
    const primary = await keep(openPrimary({ ...stage.options, busyPollMicros: 0 }));
    const message: { name: string } = { name: 'ask' };
    primary.registerAction('change', () => {
      message.name = '';
    });
    // the primary reads this while it waits for the first peer, which doesn't answer
    first.send(encodeMessage('332/8', MpType.MSG, { name: 'change' }), [], stage.primaryPath);
    let error: unknown;
    try {
      primary.requestSync(message, { timeoutMs: 20 });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).to.be.instanceOf(MpError).and.have.property('code', 'ETIMEDOUT');
    expect(message.name).to.equal('');
    const got = [first.receive(), second.receive()].filter((datagram) => datagram !== undefined);
    expect(got).to.have.lengthOf(1);
  });
});

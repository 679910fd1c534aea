// A message was read several times on its way out: one that changed in between (a getter, a proxy, an array that grows) went out
// claiming another number of descriptors than it carried, which ends a C process's IPC thread.
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../lib/index.js';
import { encodeMessage } from '../../protocol/codec.js';
import { MpError, MpType } from '../../protocol/index.js';
import { nextDatagram, StageScope } from '../support/stage.js';

/** Carries two descriptors at the first look, and none or a string later. */
function fickle(later: unknown) {
  let looks = 0;
  return {
    name: 'x',
    get fds(): number[] {
      looks++;
      return (looks === 1 ? [0, 0] : later) as number[];
    },
  };
}

describe('regression: a message that changes while it is sent', () => {
  const scope = new StageScope();

  for (const later of [[], 'no array', new Array(254).fill(0)]) {
    it(`goes out as it was at the first look: then fds is ${typeof later}, ${later.length}`, async () => {
      const raw = scope.stage.socket('mp_socket');
      const secondary = await scope.keep(openSecondary({ ...scope.stage.options, visibility: 'private' }));
      await secondary.sendMessage(fickle(later));
      const { bytes, fds } = await nextDatagram(raw);
      for (const fd of fds) fd.close();
      expect([new DataView(bytes.buffer, bytes.byteOffset).getInt32(72, true), fds.length]).to.deep.equal([
        2, 2,
      ]);
      const encoded = encodeMessage('332/8', MpType.MSG, fickle(later));
      expect(new DataView(encoded.buffer).getInt32(72, true)).to.equal(2);
    });
  }

  it('is not changed for the next peer of a synchronous broadcast', async () => {
    const { stage, keep } = scope;
    const [first, second] = [stage.socket('mp_socket_1_a'), stage.socket('mp_socket_1_b')];
    const primary = await keep(openPrimary({ ...stage.options, busyPollMicros: 0 }));
    const message: { name: string } = { name: 'ask' };
    primary.registerAction('change', () => {
      message.name = '';
    });
    // both lie there before the primary looks: first what changes the message, then the first peer's silence
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

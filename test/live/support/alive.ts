// Whether a C process still serves: a bad datagram ends its message thread, and nothing else shows it.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { MpChannel } from '../../../lib/index.js';
import type { CPeer } from '../../support/dpdk/peer.js';

/** The thread that receives, `rte_mp_handle` up to 23.07 and `dpdk-mp-msg` from then on. */
export function hasMessageThread(peer: CPeer): boolean {
  return readdirSync(`/proc/${peer.pid}/task`).some((task) =>
    /^(rte_mp_handle|dpdk-mp-msg)$/m.test(readFileSync(`/proc/${peer.pid}/task/${task}/comm`, 'utf8')),
  );
}

export async function expectServing(primary: CPeer, channel: MpChannel): Promise<void> {
  expect(hasMessageThread(primary)).to.equal(true);
  using reply = await channel.request({ name: 'echo', param: 'still there?' });
  expect(reply.msgs[0]?.text()).to.equal('still there?');
}

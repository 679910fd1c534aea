import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Message, MpChannel, MpReply, ReceivedMessage, SyncRequestOptions } from '../../../lib/index.js';
import type { CPeer } from '../../support/dpdk/peer.js';
import type { PeerLine } from '../../support/line-log.js';

// Asking a C peer, and reading what it answered or said.

export const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => i);

/** The answer of a reply that must have one. */
export function only(reply: MpReply): ReceivedMessage {
  expect(reply).to.include({ nbSent: 1, nbReceived: 1 });
  const [message] = reply.msgs;
  if (message === undefined) throw new Error('nbReceived is 1 and msgs is empty');
  return message;
}

/** What the primary read through each descriptor that it got. */
export function descriptorsSeen({ fields }: PeerLine): string[] {
  return Array.from({ length: Number(fields.nfds) }, (_, i) => {
    const [kind, hex = ''] = (fields[`fd${i}`] ?? '').split(':');
    expect(kind).to.equal('file');
    return Buffer.from(hex, 'hex').toString();
  });
}

type Ask = (channel: MpChannel, message: Message, options?: SyncRequestOptions) => Promise<MpReply>;

export const WAYS: Readonly<Record<string, Ask>> = {
  request: (channel, message, options) => channel.request(message, options),
  requestSync: async (channel, message, options) => channel.requestSync(message, options),
};

// Whether a C process still serves: a bad datagram ends its message thread, and nothing else shows it.

/** Whether the thread that receives runs: `rte_mp_handle` up to 23.07, `dpdk-mp-msg` since. A bad datagram ends it. */
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

// Asking a C peer, and reading what it answered or said.
import { expect } from 'chai';
import type { Message, MpChannel, MpReply, ReceivedMessage, SyncRequestOptions } from '../../../lib/index.js';
import type { PeerLine } from '../../support/line.js';

export const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => i);

/** The only answer of a reply. */
export function only(reply: MpReply): ReceivedMessage {
  expect(reply).to.include({ nbSent: 1, nbReceived: 1 });
  const [message] = reply.msgs;
  if (message === undefined) throw new Error('nbReceived is 1 and msgs is empty');
  return message;
}

/** What the primary read through each of our files. */
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

// Datagrams at a primary that no well-behaved peer sends.
import { expect } from 'chai';
import { type MpChannel, openPrimary } from '../../../lib/index.js';
import { DIALECTS, encodeMessage, MpType } from '../../../protocol/index.js';
import { someDescriptors } from '../../support/descriptors.js';
import { nextDatagram, type Stage, StageScope } from '../../support/stage.js';

const OLD = DIALECTS['332/8'];

describe('datagrams at a primary', () => {
  const scope = new StageScope();
  const { keep } = scope;
  let stage: Stage;

  let primary: MpChannel;
  const warnings: string[] = [];
  const served: string[] = [];

  beforeEach(async () => {
    stage = scope.stage;
    warnings.splice(0);
    served.splice(0);
    primary = await keep(openPrimary(stage.options));
    primary.on('warning', (error) => warnings.push(error.message));
    primary.registerAction('echo', (msg) => {
      served.push(msg.text());
      return { param: msg.param };
    });
  });

  /** Sends a request from `socket` and waits for its answer: the primary has read everything sent before. */
  async function echo(socket: ReturnType<Stage['socket']>): Promise<void> {
    expect(socket.send(encodeMessage(OLD, MpType.REQ, { name: 'echo' }), [], stage.primaryPath)).to.equal(0);
    await nextDatagram(socket);
  }

  it('are dropped and counted when their length is wrong, and their descriptors closed', async () => {
    const raw = stage.socket('mp_socket_1_a');
    const own = someDescriptors(3);
    for (const length of [0, 1, 4, 331, 333, 340, 364, 511, 512, 513, 2000]) {
      expect(raw.send(new Uint8Array(Math.min(length, 512)), own.fds, stage.primaryPath)).to.equal(0);
      await echo(raw);
    }
    own.close();
    expect(primary.stats.dropped.malformed).to.equal(11);
    expect(primary.stats.fdsClosedUnclaimed).to.equal(33);
    expect(warnings).to.have.lengthOf(1);
  });

  it('are dropped when counts are out of range, or the number of descriptors is another', async () => {
    const raw = stage.socket('mp_socket_1_a');
    const own = someDescriptors(3);
    const { lenParam, numFds } = OLD.offsets;
    const bad: [number, number, number[]][] = [
      [lenParam, -1, []],
      [lenParam, 257, []],
      [lenParam, 0x7fffffff, []],
      [numFds, -1, []],
      [numFds, 9, []],
      [numFds, 1, []],
      [numFds, 8, own.fds],
      [numFds, 0, own.fds],
      [numFds, 2, own.fds],
    ];
    for (const [offset, value, fds] of bad) {
      const bytes = encodeMessage(OLD, MpType.REQ, { name: 'echo', param: 'no' });
      new DataView(bytes.buffer).setInt32(offset, value, true);
      expect(raw.send(bytes, fds, stage.primaryPath)).to.equal(0);
      await echo(raw);
    }
    own.close();
    expect(primary.stats.dropped.malformed).to.equal(bad.length);
    expect(served).to.not.include('no');
  });

  it('are messages when their type is unknown, as in C; late replies when they answer no request', async () => {
    const raw = stage.socket('mp_socket_1_a');
    for (const type of [4, -1, 0x7fffffff]) {
      const bytes = encodeMessage(OLD, MpType.MSG, { name: 'echo', param: `type ${type}` });
      new DataView(bytes.buffer).setInt32(0, type, true);
      raw.send(bytes, [], stage.primaryPath);
    }
    raw.send(encodeMessage(OLD, MpType.REP, { name: 'echo', param: 'rep' }), [], stage.primaryPath);
    raw.send(encodeMessage(OLD, MpType.IGN, { name: 'echo' }), [], stage.primaryPath);
    await echo(raw);
    expect(served).to.deep.equal(['type 4', 'type -1', 'type 2147483647', '']);
    expect(primary.stats.lateReplies).to.equal(2);
    expect(raw.receive()).to.equal(undefined); // nothing but the one echo was answered
  });

  it('reach no handler when their name has no NUL', async () => {
    const raw = stage.socket('mp_socket_1_a');
    const bytes = encodeMessage(OLD, MpType.REQ, { name: 'echo' });
    bytes.fill(120, OLD.offsets.name, OLD.offsets.name + 64);
    raw.send(bytes, [], stage.primaryPath);
    await echo(raw);
    expect(primary.stats.dropped['unterminated-name']).to.equal(1);
    expect(raw.receive()).to.equal(undefined);
  });

  it('are handled but get no answer when the sender has no name', async () => {
    const raw = stage.socket('mp_socket_1_a');
    const nameless = stage.socket();
    await echo(raw);
    nameless.send(encodeMessage(OLD, MpType.REQ, { name: 'echo', param: 'who' }), [], stage.primaryPath);
    await echo(raw);
    expect(served).to.deep.equal(['', 'who', '']);
    expect(raw.receive()).to.equal(undefined); // C sends this answer to the previous sender
    expect(primary.stats.dropped['unsent-reply']).to.equal(1);
  });
});

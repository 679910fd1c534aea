// Requests and messages of a C primary to a Node secondary, and the answers of its handlers.
import { closeSync } from 'node:fs';
import { expect } from 'chai';
import {
  type Handler,
  IGNORE,
  type MpChannel,
  MpError,
  type Peer,
  type ReceivedMessage,
} from '../../lib/index.js';
import { contents, isOpen, letters, withFds } from '../support/descriptors.js';
import type { CPeer } from '../support/dpdk/peer.js';
import type { PeerLine } from '../support/line-log.js';
import { rejected } from '../support/mp-error.js';
import { settling } from '../support/settling.js';
import { live } from './support/live.js';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('live: a request of the primary', () => {
  const scope = live('handlers');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
  });

  /** Result of C's request with this handler, and the answer if one came. */
  async function answerOf(
    handler: Handler,
    timeoutMs = 5000,
  ): Promise<{ result: PeerLine; reply: PeerLine | undefined }> {
    channel.registerAction('ask', handler);
    const result = await primary.command(`req ask question ${timeoutMs}`);
    return { result, reply: primary.lines.find(({ event }) => event === 'req.reply') };
  }

  const ANSWERED = { ret: '0', nb_sent: '1', nb_received: '1' };
  const TIMED_OUT = { ret: '-1', errno: 'ETIMEDOUT', nb_sent: '1', nb_received: '0' };

  it('gets what the handler returns, which is given the message and the peer', async () => {
    const seen = settling<[ReceivedMessage, Peer]>();
    const { result, reply } = await answerOf((msg, peer) => {
      seen.resolve([msg, peer]);
      return { param: `re: ${msg.text()}` };
    });
    expect(result.fields).to.include(ANSWERED);
    expect(reply?.fields).to.include({ name: 'ask', text: 're: question', len: '13' });
    const [msg, peer] = await seen.promise;
    expect(msg.name).to.equal('ask');
    expect(msg.param).to.have.length(8);
    expect(msg.paramArea).to.have.length(256);
    expect(peer).to.deep.equal({ path: `${scope.runtimeDir}/mp_socket` });
  });

  it('gets an empty param, and one of 256 bytes', async () => {
    const empty = await answerOf(() => ({}));
    expect(empty.reply?.fields).to.include({ len: '0', nfds: '0' });
    const param = Uint8Array.from({ length: 256 }, (_, i) => 255 - i);
    channel.registerAction('big', () => ({ param }));
    await primary.command('req big - 5000');
    expect((await primary.waitFor(/^req.reply name=big/)).fields.hex).to.equal(hexOf(param));
  });

  it('gets what a promise resolves to', async () => {
    const { result, reply } = await answerOf(async (msg) => {
      await new Promise(setImmediate);
      return { param: msg.text().toUpperCase() };
    });
    expect(result.fields).to.include(ANSWERED);
    expect(reply?.fields.text).to.equal('QUESTION');
  });

  const IGNORING: Readonly<Record<string, Handler>> = {
    returned: () => IGNORE,
    'resolved to': async () => IGNORE,
  };

  for (const [what, handler] of Object.entries(IGNORING)) {
    it(`is not counted when IGNORE is ${what}`, async () => {
      const { result } = await answerOf(handler);
      expect(result.fields).to.include({ ret: '0', nb_sent: '0', nb_received: '0' });
    });
  }

  it('times out when nothing is returned', async () => {
    const { result } = await answerOf(() => {}, 50);
    expect(result.fields).to.include(TIMED_OUT);
    expect(channel.stats.sent).to.equal(0);
  });

  it('can be answered later', async () => {
    const { result, reply } = await answerOf((msg, peer) => {
      setImmediate(() => void channel.reply({ name: msg.name, param: 'later' }, peer));
    });
    expect(result.fields).to.include(ANSWERED);
    expect(reply?.fields.text).to.equal('later');
  });

  it('can be answered once, and under its own name only', async () => {
    const refused = settling<MpError[]>();
    const { reply } = await answerOf(async (msg, peer) => {
      const wrong = await rejected('EINVAL', channel.reply({ name: 'other' }, peer));
      await channel.reply({ name: msg.name, param: 'once' }, peer);
      const second = await rejected('EALREADY', channel.reply({ name: msg.name, param: 'twice' }, peer));
      refused.resolve([wrong, second]);
    });
    expect(reply?.fields.text).to.equal('once');
    const [wrong] = await refused.promise;
    expect(wrong?.message).to.contain('ask').and.contain('other');
    expect(channel.stats.sent).to.equal(1);
  });

  const FAILING: Readonly<Record<string, Handler>> = {
    throws: () => {
      throw new Error('out of order');
    },
    rejects: async () => {
      throw new Error('out of order');
    },
  };

  for (const [what, handler] of Object.entries(FAILING)) {
    it(`times out when the handler ${what}, which is emitted as 'error'`, async () => {
      const reported = settling<unknown>();
      channel.on('error', reported.resolve);
      const { result } = await answerOf(handler, 50);
      expect(result.fields).to.include(TIMED_OUT);
      expect(await reported.promise).to.have.property('message', 'out of order');
      channel.registerAction('next', () => ({ param: 'still here' }));
      expect((await primary.command('req next - 5000')).fields).to.include(ANSWERED);
    });
  }

  it("times out when the reply does not fit, which is emitted as 'error'", async () => {
    const reported = settling<unknown>();
    channel.on('error', reported.resolve);
    const { result } = await answerOf(() => ({ param: new Uint8Array(257) }), 50);
    expect(result.fields).to.include(TIMED_OUT);
    expect(await reported.promise)
      .to.be.instanceOf(MpError)
      .and.have.property('code', 'E2BIG');
    expect(channel.stats.sent).to.equal(0);
  });

  it("causes one process warning when 'error' has no listener", async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    process.on('warning', onWarning);
    channel.registerAction('ask', () => {
      throw new Error('out of order');
    });
    await primary.command('req ask - 20');
    await primary.command('req ask - 20');
    process.off('warning', onWarning);
    expect(warnings.filter((message) => message.includes('out of order'))).to.have.length(1);
  });

  it('gets an answer with rte_mp_request_async, too', async () => {
    channel.registerAction('ask', (msg) => ({ param: `${msg.text()}!` }));
    expect((await primary.command('areq ask hey 5000')).fields.ret).to.equal('0');
    expect((await primary.waitFor(/^areply name=ask/)).fields).to.include({ nb_sent: '1', nb_received: '1' });
    expect((await primary.waitFor(/^areply\.reply/, { from: 0 })).fields.text).to.equal('hey!');
  });

  it('gets descriptors in the answer, which stay open in the secondary', async () => {
    await withFds(letters(8), async (fds) => {
      const { reply } = await answerOf(() => ({ fds }));
      const seen = letters(8).map((_, i) => reply?.fields[`fd${i}`]);
      expect(seen).to.deep.equal(letters(8).map((letter) => `file:${hexOf(Buffer.from(letter))}`));
      expect(fds.every(isOpen)).to.equal(true);
    });
  });
});

describe('live: descriptors from the primary', () => {
  const scope = live('handlerfds');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
  });

  /** Contents of C's pipes: 'Z', '[', ... */
  const pipes = (count: number) => Array.from({ length: count }, (_, i) => String.fromCharCode(90 + i));

  for (const count of [1, 8]) {
    for (const verb of ['reqfd', 'areq']) {
      it(`${verb}: ${count} come in order and are closed after the handler`, async () => {
        const seen = settling<{ fds: readonly number[]; texts: string[] }>();
        channel.registerAction('give', ({ fds }) => {
          seen.resolve({ fds, texts: contents(fds) });
          return { param: 'thanks' };
        });
        await primary.command(`${verb} give - 5000 ${count}`);
        await primary.waitFor(/reply name=give/, { from: 0 });
        const { fds, texts } = await seen.promise;
        expect(texts).to.deep.equal(pipes(count));
        expect(fds.some(isOpen)).to.equal(false);
        expect(channel.stats.fdsClosedUnclaimed).to.equal(count);
      });
    }
  }

  it("stay open until the handler's promise has settled", async () => {
    const arrived = settling<readonly number[]>();
    const goOn = settling();
    channel.registerAction('give', async (msg) => {
      const { fds } = msg;
      arrived.resolve(fds);
      await goOn.promise;
      return { param: contents(msg.fds).join('') };
    });
    const asking = primary.command('reqfd give - 5000 2');
    const fds = await arrived.promise;
    expect(fds.map(isOpen)).to.deep.equal([true, true]);
    goOn.resolve();
    await asking;
    expect((await primary.waitFor(/^reqfd\.reply/)).fields.text).to.equal('Z[');
    expect(fds.map(isOpen)).to.deep.equal([false, false]);
  });

  it('belong to a handler that takes them', async () => {
    let taken: number[] = [];
    channel.registerAction('give', (msg) => {
      taken = msg.takeFds();
      return {};
    });
    await primary.command('reqfd give - 5000 2');
    expect(contents(taken)).to.deep.equal(pipes(2));
    expect(channel.stats.fdsClosedUnclaimed).to.equal(0);
    for (const fd of taken) closeSync(fd);
  });

  it('are closed after a handler that throws', async () => {
    const seen = settling<readonly number[]>();
    channel.on('error', () => {});
    channel.registerAction('give', ({ fds }) => {
      seen.resolve(fds);
      throw new Error('no, thanks');
    });
    await primary.command('bcastfd give - 3');
    expect((await seen.promise).some(isOpen)).to.equal(false);
    expect(channel.stats.fdsClosedUnclaimed).to.equal(3);
  });

  it('are closed when the action is unknown', async () => {
    const arrived = settling();
    channel.registerAction('after', () => arrived.resolve());
    await primary.command('bcastfd unknown - 3');
    await primary.command('bcast after -');
    await arrived.promise;
    expect(channel.stats.dropped['no-action']).to.equal(1);
    expect(channel.stats.fdsClosedUnclaimed).to.equal(3);
  });
});

describe('live: a message of the primary', () => {
  const scope = live('messages');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
  });

  it('reaches the handler, whose result is not sent', async () => {
    const heard = settling<string>();
    const end = settling();
    channel.registerAction('news', (msg) => {
      heard.resolve(msg.text());
      return { param: 'an answer to a message' };
    });
    channel.registerAction('end', () => end.resolve());
    expect((await primary.command('bcast news extra')).fields.ret).to.equal('0');
    await primary.command('bcast end -');
    await end.promise;
    expect(await heard.promise).to.equal('extra');
    expect(channel.stats.sent).to.equal(0);
  });

  it('is no longer handled once its action is unregistered', async () => {
    const heard: string[] = [];
    const end = settling();
    channel.registerAction('news', (msg) => void heard.push(msg.text()));
    channel.registerAction('end', () => end.resolve());
    await rejected(
      'EEXIST',
      Promise.resolve().then(() => channel.registerAction('news', () => {})),
    );
    await primary.command('bcast news one');
    await primary.command('bcast end -');
    await end.promise;
    expect(channel.unregisterAction('news')).to.equal(true);
    expect(channel.unregisterAction('news')).to.equal(false);
    expect((await primary.command('req news two 5000')).fields).to.include({ ret: '0', nb_sent: '0' });
    expect(heard).to.deep.equal(['one']);
  });
});

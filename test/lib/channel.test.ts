// The same behaviour over each transport: in memory, socket files, abstract sockets.
import diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import { expect } from 'chai';
import { IGNORE, MpTimeoutError, type Peer } from '../../lib/index.js';
import { openDescriptors, someDescriptors, targetOf } from '../support/descriptors.js';
import { mpError } from '../support/mp-error.js';
import { makeWorld, type World, type WorldName } from './support/worlds.js';

for (const name of ['memory', 'filesystem', 'abstract'] satisfies WorldName[]) {
  describe(`channel over ${name}`, () => {
    let world: World;
    let before: string[];

    beforeEach(() => {
      before = openDescriptors();
      world = makeWorld(name);
    });

    afterEach(async () => {
      await world.end();
      expect(openDescriptors()).to.deep.equal(before);
    });

    describe('registerAction', () => {
      it('refuses empty, long and taken names, and takes 63 bytes', async () => {
        const channel = await world.openPrimary();
        expect((await mpError(() => channel.registerAction('', () => {}))).code).to.equal('EINVAL');
        expect((await mpError(() => channel.registerAction('x'.repeat(64), () => {}))).code).to.equal(
          'E2BIG',
        );
        channel.registerAction('x'.repeat(63), () => {});
        expect((await mpError(() => channel.registerAction('x'.repeat(63), () => {}))).code).to.equal(
          'EEXIST',
        );
      });

      it('says whether there was anything to unregister, also from inside the handler', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        primary.registerAction('once', () => ({ param: String(primary.unregisterAction('once')) }));
        expect((await secondary.request({ name: 'once' })).msgs[0]?.text()).to.equal('true');
        expect(primary.unregisterAction('once')).to.equal(false);
        expect((await secondary.request({ name: 'once' })).nbSent).to.equal(0); // IGN
      });
    });

    describe('request', () => {
      it('gets what the handler returns or resolves to, under the same name', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        primary.registerAction('now', (msg) => ({ param: `now ${msg.text()}` }));
        primary.registerAction('later', async (msg) => ({ param: Uint8Array.of(msg.param.length) }));
        const now = await secondary.request({ name: 'now', param: 'a' });
        const later = await secondary.request({ name: 'later', param: new Uint8Array(256) });
        expect(now.nbSent).to.equal(1);
        expect(now.msgs.map((msg) => [msg.name, msg.text()])).to.deep.equal([['now', 'now a']]);
        expect([...(later.msgs[0]?.param ?? [])]).to.deep.equal([256 % 256]);
        expect(later.msgs[0]?.paramArea.length).to.equal(256);
      });

      it('keeps the answers of several requests of one name apart', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        const waiting: (() => void)[] = [];
        primary.registerAction('echo', (msg) => {
          const { param } = msg;
          return new Promise((resolve) => {
            waiting.push(() => resolve({ param }));
            if (waiting.length === 8) for (const answer of waiting.reverse()) answer();
          });
        });
        const requests = Array.from({ length: 8 }, (_, i) =>
          secondary.request({ name: 'echo', param: `${i}` }),
        );
        const answers = (await Promise.all(requests)).map(({ msgs }) => msgs[0]?.text());
        expect(answers).to.deep.equal(['0', '1', '2', '3', '4', '5', '6', '7']);
      });

      it('refuses a second one of the same name with exclusiveRequests', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary({ exclusiveRequests: true });
        let answer: (() => void) | undefined;
        const asked = new Promise<void>((resolve) => {
          primary.registerAction('slow', () => {
            resolve();
            return new Promise((reply) => {
              answer = () => reply({ param: 'done' });
            });
          });
        });
        const first = secondary.request({ name: 'slow' });
        await asked;
        expect((await mpError(secondary.request({ name: 'slow' }))).code).to.equal('EEXIST');
        expect((await mpError(() => secondary.requestSync({ name: 'slow' }))).code).to.equal('EEXIST');
        answer?.();
        expect((await first).msgs[0]?.text()).to.equal('done');
      });

      it('is 0/0 when the handler ignores it or nobody registered, and no answer counts as a timeout', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        primary.registerAction('ignore', () => IGNORE);
        primary.registerAction('silent', () => {});
        const ignored = await secondary.request({ name: 'ignore' });
        const unknown = await secondary.request({ name: 'unknown' });
        expect([ignored.nbSent, ignored.nbReceived, unknown.nbSent, unknown.nbReceived]).to.deep.equal([
          0, 0, 0, 0,
        ]);
        expect(primary.stats.dropped['no-action']).to.equal(1);
        const timeout = await mpError(secondary.request({ name: 'silent' }, { timeoutMs: 20 }));
        expect(timeout).to.be.instanceOf(MpTimeoutError);
        const { reply } = timeout as MpTimeoutError;
        expect([timeout.code, reply.nbSent, reply.nbReceived]).to.deep.equal(['ETIMEDOUT', 1, 0]);
      });

      it('stays silent as C does if told so', async () => {
        await world.openPrimary({ unhandledRequests: 'silent' });
        const secondary = await world.openSecondary();
        expect((await mpError(secondary.request({ name: 'x' }, { timeoutMs: 20 }))).code).to.equal(
          'ETIMEDOUT',
        );
      });

      it('never takes a late answer for the answer to a newer request', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        const asked: { param: string; peer: Peer }[] = [];
        primary.registerAction('late', (msg, peer) => {
          asked.push({ param: msg.text(), peer });
        });
        await mpError(secondary.request({ name: 'late', param: 'old' }, { timeoutMs: 20 }));
        const newer = secondary.request({ name: 'late', param: 'new' });
        while (asked.length < 2) await new Promise(setImmediate);
        const [old, fresh] = asked;
        if (old === undefined || fresh === undefined) throw new TypeError('both were asked');
        await primary.reply({ name: 'late', param: `re ${old.param}` }, old.peer).catch(() => {}); // nobody is there
        await primary.reply({ name: 'late', param: `re ${fresh.param}` }, fresh.peer);
        expect((await newer).msgs[0]?.text()).to.equal('re new');
      });

      it('says that there is no primary, and works once there is one', async () => {
        const secondary = await world.openSecondary();
        const missing = await mpError(secondary.request({ name: 'echo' }));
        expect(missing.code).to.be.oneOf(['ENOENT', 'ECONNREFUSED']);
        expect(missing.message).to.match(/primary/);
        expect((await mpError(() => secondary.requestSync({ name: 'echo' }))).code).to.equal(missing.code);
        expect((await mpError(secondary.sendMessage({ name: 'echo' }))).code).to.equal(missing.code);
        const primary = await world.openPrimary();
        primary.registerAction('echo', (msg) => ({ param: msg.param }));
        expect((await secondary.request({ name: 'echo', param: 'x' })).msgs[0]?.text()).to.equal('x');
        await primary.close();
        expect((await mpError(secondary.request({ name: 'echo' }))).code).to.equal(missing.code);
        const successor = await world.openPrimary();
        successor.registerAction('echo', () => ({ param: 'successor' }));
        expect((await secondary.request({ name: 'echo' })).msgs[0]?.text()).to.equal('successor');
      });

      it('ends with ECANCELED when it is aborted or the channel closes', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        primary.registerAction('silent', () => {});
        const abort = new AbortController();
        const aborted = mpError(secondary.request({ name: 'silent' }, { signal: abort.signal }));
        const closed = mpError(secondary.request({ name: 'silent' }));
        abort.abort();
        expect((await aborted).code).to.equal('ECANCELED');
        const { sent } = secondary.stats;
        for (const late of [
          secondary.request({ name: 'silent' }, { signal: abort.signal }),
          secondary.sendMessage({ name: 'silent' }, { signal: abort.signal }),
        ]) {
          expect((await mpError(late)).code).to.equal('ECANCELED');
        }
        expect(secondary.stats.sent).to.equal(sent);
        await secondary.close();
        expect((await closed).code).to.equal('ECANCELED');
        expect((await mpError(secondary.request({ name: 'silent' }))).code).to.equal('ECANCELED');
        expect(
          (await mpError(secondary.request({ name: 'silent' }, { signal: abort.signal }))).code,
        ).to.equal('ECANCELED');
      });

      it('sends nothing for bad input', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        const bad: [object, string][] = [
          [{ name: '' }, 'EINVAL'],
          [{ name: 'x'.repeat(64) }, 'E2BIG'],
          [{ name: 'x', param: new Uint8Array(257) }, 'E2BIG'],
          [{ name: 'x', param: 'y'.repeat(256) }, 'E2BIG'],
          [{ name: 'x', param: 7 }, 'EINVAL'],
          [{ name: 'x', fds: [0, 0, 0, 0, 0, 0, 0, 0, 0] }, 'E2BIG'],
          [{ name: 'x', fds: [-1] }, 'EBADF'],
          [{ name: 'x', fds: [9999] }, 'EBADF'],
        ];
        for (const [message, code] of bad) {
          const given = message as { name: string };
          expect((await mpError(secondary.request(given))).code, JSON.stringify(message)).to.equal(code);
          expect((await mpError(() => secondary.requestSync(given))).code).to.equal(code);
          expect((await mpError(secondary.sendMessage(given))).code).to.equal(code);
        }
        for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
          expect((await mpError(secondary.request({ name: 'x' }, { timeoutMs }))).code).to.equal('EINVAL');
          expect((await mpError(() => secondary.requestSync({ name: 'x' }, { timeoutMs }))).code).to.equal(
            'EINVAL',
          );
          expect((await mpError(secondary.sendMessage({ name: 'x' }, { timeoutMs }))).code).to.equal(
            'EINVAL',
          );
        }
        expect(secondary.stats.sent).to.equal(0);
        expect(primary.stats.received).to.equal(0);
      });
    });

    describe('requestSync', () => {
      it('gets the answer from a primary elsewhere, with its descriptors', async () => {
        await world.openElsewhere('primary');
        const secondary = await world.openSecondary();
        const own = someDescriptors(8);
        const reply = secondary.requestSync({ name: 'echo', param: 'hi', fds: own.fds });
        own.close();
        const message = reply.msgs[0];
        expect([reply.nbSent, reply.nbReceived, message?.text()]).to.deep.equal([1, 1, 'hi']);
        expect(message?.fds.map(targetOf)).to.deep.equal(Array(8).fill('/etc/hostname'));
        reply[Symbol.dispose]();
        expect(message?.fds).to.deep.equal([]);
      });

      it('works without spinning', async () => {
        await world.openElsewhere('primary');
        const secondary = await world.openSecondary({ busyPollMicros: 0 });
        for (let i = 0; i < 20; i++) {
          expect(secondary.requestSync({ name: 'echo', param: `${i}` }).msgs[0]?.text()).to.equal(`${i}`);
        }
      });

      it('is 0/0 for IGN and times out without an answer', async () => {
        await world.openElsewhere('primary');
        const secondary = await world.openSecondary();
        expect(secondary.requestSync({ name: 'ignore' }).nbSent).to.equal(0);
        const timeout = await mpError(() => secondary.requestSync({ name: 'silent' }, { timeoutMs: 20 }));
        expect(timeout).to.be.instanceOf(MpTimeoutError);
      });

      // In memory the peer's request starts on the event loop, which is what we block.
      const itAcrossThreads = name === 'memory' ? () => {} : it;
      itAcrossThreads('serves what it is asked meanwhile', async () => {
        await world.openElsewhere('primary');
        const secondary = await world.openSecondary();
        let asked = '';
        secondary.registerAction('asked', (msg) => {
          asked = msg.text();
          return {};
        });
        await mpError(() => secondary.requestSync({ name: 'ask-back' }, { timeoutMs: 500 }));
        expect(asked).to.equal('while you wait');
      });

      it('asks every secondary in turn as a primary', async () => {
        const primary = await world.openPrimary();
        expect(primary.requestSync({ name: 'echo' }).nbSent).to.equal(0); // nobody there
        await world.openElsewhere('secondary');
        await world.openElsewhere('secondary');
        const reply = primary.requestSync({ name: 'echo', param: 'all' });
        expect([reply.nbSent, ...reply.msgs.map((msg) => msg.text())]).to.deep.equal([2, 'all', 'all']);
        expect(primary.requestSync({ name: 'ignore' }).nbSent).to.equal(0);
        const timeout = (await mpError(() =>
          primary.requestSync({ name: 'silent' }, { timeoutMs: 20 }),
        )) as MpTimeoutError;
        expect(timeout.reply.nbSent).to.equal(1); // the second is never asked
      });
    });

    describe('broadcast', () => {
      it('reaches every secondary but private ones', async () => {
        const primary = await world.openPrimary();
        const got: string[] = [];
        for (const id of ['a', 'b', 'c']) {
          const secondary = await world.openSecondary();
          secondary.registerAction('note', () => {
            got.push(id);
          });
          secondary.registerAction('ask', () => ({ param: id }));
        }
        const hidden = await world.openSecondary({ visibility: 'private' });
        hidden.registerAction('ask', () => ({ param: 'hidden' }));
        expect(hidden.socketPath).to.equal(undefined);
        expect(primary.peers()).to.have.lengthOf(3);
        expect(primary.peers()[0]?.pid).to.equal(process.pid);
        const reply = await primary.request({ name: 'ask' });
        expect(reply.msgs.map((msg) => msg.text()).sort()).to.deep.equal(['a', 'b', 'c']);
        await primary.sendMessage({ name: 'note' });
        while (got.length < 3) await new Promise(setImmediate);
        expect(got.sort()).to.deep.equal(['a', 'b', 'c']);
      });

      it('counts who answered when somebody did not', async () => {
        const primary = await world.openPrimary();
        const results: [string, (msg: unknown) => unknown][] = [
          ['reply', () => ({ param: 'yes' })],
          ['ignore', () => IGNORE],
          ['silent', () => {}],
        ];
        for (const [, handler] of results) {
          const secondary = await world.openSecondary();
          secondary.registerAction('mixed', handler as () => { param: string });
        }
        const timeout = (await mpError(
          primary.request({ name: 'mixed' }, { timeoutMs: 50 }),
        )) as MpTimeoutError;
        expect([timeout.reply.nbSent, timeout.reply.nbReceived]).to.deep.equal([2, 1]);
        expect(timeout.reply.msgs[0]?.text()).to.equal('yes');
      });

      it('with nobody there is 0/0 and no error', async () => {
        const primary = await world.openPrimary();
        const reply = await primary.request({ name: 'x' });
        expect([reply.nbSent, reply.nbReceived, reply.msgs]).to.deep.equal([0, 0, []]);
        await primary.sendMessage({ name: 'x' });
      });
    });

    describe('handlers', () => {
      it('that fail are reported and send nothing; the channel goes on', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        const failure = new RangeError('no');
        primary.registerAction('throws', () => {
          throw failure;
        });
        primary.registerAction('rejects', async () => {
          throw failure;
        });
        primary.registerAction('nonsense', (() => 42) as unknown as () => undefined);
        primary.registerAction('too-big', () => ({ param: new Uint8Array(300) }));
        primary.registerAction('fine', () => ({}));
        const errors: unknown[] = [];
        primary.on('error', (error) => errors.push(error));
        for (const action of ['throws', 'rejects', 'nonsense', 'too-big']) {
          expect((await mpError(secondary.request({ name: action }, { timeoutMs: 20 }))).code).to.equal(
            'ETIMEDOUT',
          );
        }
        expect(errors.slice(0, 2)).to.deep.equal([failure, failure]);
        expect(errors.slice(2).map((error) => (error as { code: string }).code)).to.deep.equal([
          'EINVAL',
          'E2BIG',
        ]);
        expect((await secondary.request({ name: 'fine' })).nbReceived).to.equal(1);
      });

      it('may reply later, once, and under the request name only', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        const refused: Promise<string>[] = [];
        primary.registerAction('later', (msg, peer) => {
          const other = primary.reply({ name: 'other' }, peer);
          const first = primary.reply({ name: msg.name, param: 'one' }, peer);
          const second = primary.reply({ name: msg.name, param: 'two' }, peer);
          refused.push(
            mpError(other).then(({ code }) => code),
            mpError(second).then(({ code }) => code),
          );
          return first;
        });
        expect((await secondary.request({ name: 'later' })).msgs[0]?.text()).to.equal('one');
        expect(await Promise.all(refused)).to.deep.equal(['EINVAL', 'EALREADY']);
      });

      it('need a peer to reply to', async () => {
        const primary = await world.openPrimary();
        for (const peer of [null, {}, { path: 7 }, { path: 'x'.repeat(108) }, { path: 'a\0b' }]) {
          expect((await mpError(primary.reply({ name: 'x' }, peer as unknown as Peer))).code).to.equal(
            'EINVAL',
          );
        }
        expect((await mpError(primary.reply({ name: 'x' }, { path: '' }))).code).to.equal('EDESTADDRREQ');
      });

      it('get descriptors that are closed once they have settled, unless taken', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        const own = someDescriptors(1);
        const seen: string[] = [];
        let kept: number[] = [];
        primary.registerAction('look', async (msg) => {
          await new Promise(setImmediate);
          seen.push(...msg.fds.map(targetOf));
          return {};
        });
        primary.registerAction('take', (msg) => {
          kept = msg.takeFds();
          expect(msg.fds).to.deep.equal([]);
          return {};
        });
        const open = openDescriptors();
        await secondary.request({ name: 'look', fds: own.fds });
        await secondary.request({ name: 'unknown', fds: own.fds });
        expect(openDescriptors().filter((target) => target === '/etc/hostname')).to.deep.equal(
          open.filter((target) => target === '/etc/hostname'),
        );
        expect(primary.stats.fdsClosedUnclaimed).to.equal(2);
        await secondary.request({ name: 'take', fds: own.fds });
        own.close();
        expect(seen).to.deep.equal(['/etc/hostname']);
        expect(kept.map(targetOf)).to.deep.equal(['/etc/hostname']);
        const { closeSync } = await import('node:fs');
        for (const fd of kept) closeSync(fd);
      });

      it('that are behind make the channel stop reading, and nothing is lost', async () => {
        const primary = await world.openPrimary({ maxPendingMessages: 3 });
        const secondary = await world.openSecondary();
        const waiting: (() => void)[] = [];
        const order: number[] = [];
        primary.registerAction('slow', (msg) => {
          order.push(msg.param[0] ?? -1);
          return new Promise((resolve) => waiting.push(() => resolve(undefined)));
        });
        const sends = Array.from({ length: 40 }, (_, i) =>
          secondary.sendMessage({ name: 'slow', param: Uint8Array.of(i) }),
        );
        while (order.length < 3) await new Promise(setImmediate);
        for (let i = 0; i < 5; i++) await new Promise(setImmediate);
        expect(order).to.have.lengthOf(3);
        while (order.length < 40) {
          for (const settle of waiting.splice(0)) settle();
          await new Promise(setImmediate);
        }
        for (const settle of waiting.splice(0)) settle();
        await Promise.all(sends);
        expect(order).to.deep.equal(Array.from({ length: 40 }, (_, i) => i));
      });
    });

    describe('sendMessage', () => {
      it('keeps the order of a burst that the queue cannot hold, and its descriptors may be closed at once', async () => {
        const primary = await world.openPrimary();
        const secondary = await world.openSecondary();
        const got: number[] = [];
        const targets: string[] = [];
        primary.registerAction('burst', (msg) => {
          got.push(new DataView(msg.param.buffer, msg.param.byteOffset).getUint32(0));
          targets.push(...msg.fds.map(targetOf));
        });
        const own = someDescriptors(1);
        const sends = Array.from({ length: 500 }, (_, i) => {
          const param = new Uint8Array(4);
          new DataView(param.buffer).setUint32(0, i);
          return secondary.sendMessage({ name: 'burst', param, fds: own.fds });
        });
        own.close();
        await Promise.all(sends);
        while (got.length < 500) await new Promise(setImmediate);
        expect(got).to.deep.equal(Array.from({ length: 500 }, (_, i) => i));
        expect(targets).to.deep.equal(Array(500).fill('/etc/hostname'));
      });

      it('gives up when there is no room until the timeout, and when the channel closes', async () => {
        const primary = await world.openPrimary({ maxPendingMessages: 1 });
        const secondary = await world.openSecondary();
        let settle = () => {};
        primary.registerAction(
          'stuck',
          () =>
            new Promise<void>((resolve) => {
              settle = resolve;
            }),
        );
        const sends = Array.from({ length: 20 }, () =>
          secondary.sendMessage({ name: 'stuck' }, { timeoutMs: 60 }),
        );
        const results = await Promise.allSettled(sends);
        const failed = results.filter((result) => result.status === 'rejected');
        expect(failed.length).to.be.within(8, 9);
        expect(failed.map(({ reason }) => reason.code)).to.deep.equal(Array(failed.length).fill('ETIMEDOUT'));
        const abort = new AbortController();
        const aborted = mpError(secondary.sendMessage({ name: 'stuck' }, { signal: abort.signal }));
        abort.abort();
        expect((await aborted).code).to.equal('ECANCELED');
        const closing = mpError(secondary.sendMessage({ name: 'stuck' }));
        await secondary.close();
        expect((await closing).code).to.equal('ECANCELED');
        settle();
      });
    });

    describe('close', () => {
      it('is idempotent, emits close once, and every later call says so', async () => {
        const channel = await world.openPrimary();
        let count = 0;
        channel.on('close', () => count++);
        await channel.close();
        await channel.close();
        await channel[Symbol.asyncDispose]();
        expect(count).to.equal(1);
        expect((await mpError(channel.sendMessage({ name: 'x' }))).code).to.equal('ECANCELED');
        expect((await mpError(() => channel.requestSync({ name: 'x' }))).code).to.equal('ECANCELED');
        expect((await mpError(() => channel.peers())).code).to.equal('ECANCELED');
        expect((await mpError(channel.reply({ name: 'x' }, { path: '/x' }))).code).to.equal('ECANCELED');
      });

      it('comes with an aborted signal', async () => {
        const abort = new AbortController();
        const channel = await world.openPrimary({ signal: abort.signal });
        const closed = once(channel, 'close');
        abort.abort();
        await closed;
        expect((await mpError(world.openPrimary({ signal: abort.signal }))).code).to.equal('ECANCELED');
      });

      it('makes room for another primary, of which there is one at a time', async () => {
        const first = await world.openPrimary();
        const refused = await mpError(world.openPrimary());
        expect(refused.code).to.equal('EADDRINUSE');
        expect(refused.path).to.equal(first.socketPath);
        await first.close();
        await world.openPrimary();
      });
    });

    it('tells diagnostics_channel what it sends, receives, drops and asks', async () => {
      const seen: string[] = [];
      const listen = (what: string) => (event: unknown) => {
        seen.push(
          `${what} ${(event as { name?: string; reason?: string }).name ?? (event as { reason: string }).reason}`,
        );
      };
      const listeners = {
        'dpdk-ipc:send': listen('send'),
        'dpdk-ipc:receive': listen('receive'),
        'dpdk-ipc:drop': listen('drop'),
        'tracing:dpdk-ipc:request:asyncEnd': listen('asked'),
      };
      for (const [channel, listener] of Object.entries(listeners))
        diagnosticsChannel.subscribe(channel, listener);
      const primary = await world.openPrimary();
      const secondary = await world.openSecondary();
      primary.registerAction('known', () => ({}));
      await secondary.request({ name: 'known' });
      await secondary.request({ name: 'strange' });
      for (const [channel, listener] of Object.entries(listeners))
        diagnosticsChannel.unsubscribe(channel, listener);
      expect(seen).to.deep.equal([
        ...['send known', 'receive known', 'send known', 'receive known', 'asked known'],
        ...[
          'send strange',
          'receive strange',
          'drop no-action',
          'send strange',
          'receive strange',
          'asked strange',
        ],
      ]);
    });

    it('says what it is', async () => {
      const primary = await world.openPrimary({ dialect: '340/253' });
      const secondary = await world.openSecondary({ dialect: '340/253' });
      primary.registerAction('echo', (msg) => ({ param: msg.param }));
      expect([primary.role, primary.dialect, primary.maxFds]).to.deep.equal(['primary', '340/253', 253]);
      expect([secondary.role, secondary.dialect, secondary.maxFds]).to.deep.equal([
        'secondary',
        '340/253',
        253,
      ]);
      expect(primary.socketPath).to.match(/\/mp_socket$/);
      expect(secondary.socketPath).to.match(new RegExp(`/mp_socket_${process.pid}_[0-9a-f]+$`));
      expect(secondary.peers()).to.deep.equal([{ path: primary.socketPath }]);
      expect((await secondary.request({ name: 'echo', param: 'hi' })).msgs[0]?.text()).to.equal('hi');
    });
  });
}

// A fake primary behaves as a C one: the same tests on both.
import { expect } from 'chai';
import { type MpChannel, MpTimeoutError, openSecondary, type SecondaryOptions } from '../../../lib/index.js';
import { createMemoryNetwork, type FakePeer } from '../../../lib/testing/index.js';
import { openDescriptors, someDescriptors, targetOf } from '../../support/descriptors.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import type { CPeer } from '../../support/dpdk/peer.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { mpError } from '../../support/mp-error.js';

/** A primary that echoes `echo`, descriptors included, and never answers `silent`. */
interface PrimaryKind {
  openSecondary(options?: SecondaryOptions): Promise<MpChannel>;
  start(): Promise<void>;
  kill(): Promise<void>;
  quit(): Promise<void>;
}

function fakeKind(): PrimaryKind {
  const network = createMemoryNetwork();
  let primary: FakePeer;
  return {
    openSecondary: (options) => network.openSecondary(options),
    async start() {
      primary = await network.fakePrimary({
        echo: ({ param, fds }) => ({ param, fds }),
        silent: 'silence',
      });
    },
    kill: () => primary.kill(),
    quit: () => primary.close(),
  };
}

function testPrimary(makeKind: () => PrimaryKind): void {
  let kind: PrimaryKind;
  let channel: MpChannel;

  beforeEach(async () => {
    kind = makeKind();
    await kind.start();
    channel = await kind.openSecondary();
  });

  afterEach(async () => {
    await channel.close();
    expect(openDescriptors()).to.not.include('/etc/hostname'); // from someDescriptors, with all copies
  });

  const ask = (name: string, timeoutMs: number) => channel.request({ name }, { timeoutMs });

  it('answers, descriptors included', async () => {
    const { fds, close } = someDescriptors(3);
    using reply = await channel.request({ name: 'echo', param: 'hi', fds });
    expect([reply.nbSent, reply.nbReceived, reply.msgs[0]?.text()]).to.deep.equal([1, 1, 'hi']);
    expect(reply.msgs[0]?.fds.map(targetOf)).to.deep.equal(fds.map(targetOf));
    close();
  });

  it('answers while the requester blocks', () => {
    using reply = channel.requestSync({ name: 'echo', param: 'hi' });
    expect(reply.msgs[0]?.text()).to.equal('hi');
  });

  for (const name of ['silent', 'nothing-of-this-name']) {
    it(`makes '${name}' time out, and counts it as sent`, async () => {
      const error = await mpError(ask(name, 30));
      expect(error).to.be.instanceOf(MpTimeoutError);
      const { reply } = error as MpTimeoutError;
      expect([error.code, reply.nbSent, reply.nbReceived]).to.deep.equal(['ETIMEDOUT', 1, 0]);
      expect((await ask('echo', 5000)).nbReceived).to.equal(1);
    });
  }

  it('makes sends fail with ECONNREFUSED when it is killed, until a successor starts', async () => {
    await kind.kill();
    expect((await mpError(ask('echo', 5000))).code).to.equal('ECONNREFUSED');
    expect((await mpError(() => channel.requestSync({ name: 'echo' }))).code).to.equal('ECONNREFUSED');
    expect((await mpError(channel.sendMessage({ name: 'echo' }))).code).to.equal('ECONNREFUSED');
    await kind.start();
    expect((await ask('echo', 5000)).nbReceived).to.equal(1);
    await kind.quit();
  });

  it('makes a waiting request time out when it is killed', async () => {
    const asking = mpError(ask('silent', 60));
    await kind.kill();
    expect((await asking).code).to.equal('ETIMEDOUT');
  });

  it('makes requests fail with ENOENT when it has ended, until a successor starts', async () => {
    await kind.quit();
    expect((await mpError(ask('echo', 5000))).code).to.equal('ENOENT');
    expect(channel.peers()).to.deep.equal([]);
    await kind.start();
    expect((await ask('echo', 5000)).nbReceived).to.equal(1);
    await kind.quit();
  });
}

describe('a fake primary', () => testPrimary(fakeKind));

describe('a C primary, for comparison', () => {
  before(async function () {
    await needsDpdk(this);
  });
  const peers = peersFor('fake');

  testPrimary(() => {
    let primary: CPeer;
    return {
      openSecondary: (options) => openSecondary({ filePrefix: peers.filePrefix, ...options }),
      async start() {
        primary = await peers.start({ role: 'primary', hugepages: false, bigZone: false });
      },
      async kill() {
        primary.kill('SIGKILL');
        await primary.exited;
      },
      async quit() {
        await primary.quit();
      },
    };
  });
});

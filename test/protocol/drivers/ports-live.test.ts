// Actions of drivers that pass descriptors, in exchange with a live testpmd.
import { accessSync, constants, fstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ReceivedMessage } from '../../../lib/index.js';
import {
  AFXDP_ACTION,
  decodeAfxdpPort,
  decodeMemifRegion,
  decodeTapQueues,
  encodeAfxdpPort,
  encodeMemifRegion,
  encodeTapQueues,
  MEMIF_ACTION,
  TAP_START_ACTION,
  TAP_SYNC_ACTION,
  tapFormatOf,
} from '../../../protocol/drivers/index.js';
import { live } from '../../live/support/live.js';
import { versionOf } from '../../live/support/take-over.js';
import { needsTestpmd, Testpmd } from '../../support/dpdk/applications.js';
import { INTERFACE, needsOwnNetwork, WITHIN_NETWORK } from '../../support/dpdk/fake-devices.js';
import { needsDriver } from '../../support/dpdk/needs-dpdk.js';
import { settling } from '../../support/settling.js';

const TUN = '/dev/net/tun';

function canMakeTaps(): boolean {
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

function targets(fds: readonly number[]): string[] {
  return fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`));
}

describe('memif regions of a live testpmd', () => {
  const scope = live('memif');
  before('testpmd', function () {
    needsTestpmd(this);
  });

  it('come with their descriptor', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'dpdk-ipc-memif-'));
    scope.peers.defer(() => rmSync(dir, { recursive: true }));
    const port = (n: number, role: string) => [
      '--vdev',
      `net_memif${n},role=${role},id=0,socket=${dir}/s,socket-abstract=no`,
    ];
    const testpmd = await Testpmd.start(scope.peers, {
      args: [...port(0, 'server'), ...port(1, 'client')],
    });
    await testpmd.untilUp('net_memif1');
    const channel = await scope.open();
    const ask = (index: number) =>
      channel.request({ name: MEMIF_ACTION, param: encodeMemifRegion({ port: 'net_memif1', index }) });

    using there = await ask(0);
    const [answer] = there.msgs as [ReceivedMessage];
    const region = decodeMemifRegion(answer.param);
    expect(region).to.include({ port: '', index: 0 });
    expect(answer.fds).to.have.length(1);
    expect(region.size).to.equal(BigInt(fstatSync(answer.fds[0] ?? -1).size));
    expect(region.size > 0n).to.equal(true);

    using missing = await ask(255);
    expect(decodeMemifRegion(missing.msgs[0]?.param ?? new Uint8Array())).to.include({
      index: 255,
      size: 0n,
    });
    expect(missing.msgs[0]?.fds).to.deep.equal([]);
  });
});

describe('tap queues of a live testpmd', () => {
  const scope = live('tap');
  before('testpmd', function () {
    needsTestpmd(this);
    if (!canMakeTaps()) this.skip();
  });

  it('come with their descriptors, asked for and at each start', async () => {
    const testpmd = await Testpmd.start(scope.peers, {
      args: ['--vdev', `net_tap0,iface=dpdkipc${process.pid}`],
    });
    const channel = await scope.open();
    const format = tapFormatOf(versionOf(scope));
    using reply = await channel.request({
      name: TAP_SYNC_ACTION,
      param: encodeTapQueues(format, { port: 'net_tap0' }),
    });
    const [answer] = reply.msgs as [ReceivedMessage];
    const queues = { port: 'net_tap0', rxQueues: 1, txQueues: 1 };
    expect(decodeTapQueues(answer.param)).to.deep.equal(queues);
    expect(targets(answer.fds)).to.deep.equal([TUN, TUN]);

    const started = settling<{ queues: unknown; files: string[] }>();
    channel.registerAction(TAP_START_ACTION, ({ param, fds }) =>
      started.resolve({ queues: decodeTapQueues(param), files: targets(fds) }),
    );
    await testpmd.command('port stop 0');
    await testpmd.command('port start 0');
    expect(await started.promise).to.deep.equal({ queues, files: [TUN, TUN] });
  });
});

describe('AF_XDP sockets of a live testpmd', () => {
  const scope = live('afxdp');
  before('testpmd, and AF_XDP', function () {
    needsTestpmd(this);
    needsDriver(this, 'net_af_xdp');
    needsOwnNetwork(this);
    if (/^XDP /m.test(readFileSync('/proc/net/protocols', 'utf8'))) return;
    console.log('    pending: this kernel has no AF_XDP');
    this.skip();
  });

  it('come with their descriptors, one for each rx queue', async () => {
    await Testpmd.start(scope.peers, {
      args: ['--vdev', `net_af_xdp0,iface=${INTERFACE}`],
      within: WITHIN_NETWORK,
    });
    const channel = await scope.open();
    const port = { port: 'net_af_xdp0' };
    using reply = await channel.request({ name: AFXDP_ACTION, param: encodeAfxdpPort(port) });
    const [answer] = reply.msgs as [ReceivedMessage];
    expect(decodeAfxdpPort(answer.param)).to.deep.equal(port);
    expect(answer.param).to.have.length(64);
    expect(answer.fds).to.have.length(1);
    expect(targets(answer.fds)[0]).to.match(/^socket:/);
  });
});

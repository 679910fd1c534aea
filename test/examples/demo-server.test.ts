// The demo's server in C.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { CProcess } from '../support/c-process.js';
import { buildProgram } from '../support/dpdk/build.js';
import { ealArgs } from '../support/dpdk/eal-args.js';
import type { DpdkInstall } from '../support/dpdk/install.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { peersFor } from '../support/dpdk/peers-for.js';

describe('demo server in C', () => {
  const peers = peersFor('demo');
  let install: DpdkInstall;
  let server: string;

  before(async function () {
    install = await needsDpdk(this, { hugepages: 8 });
    server = await buildProgram(install, 'demo-server', [
      fileURLToPath(new URL('../../examples/demo/server.c', import.meta.url)),
    ]);
  });

  /** Starts the server and waits until it is ready. */
  async function serve(hugepages: boolean, ...args: string[]): Promise<CProcess> {
    const eal = ealArgs({ filePrefix: peers.filePrefix, hugepages, memoryMb: hugepages ? 16 : 64 });
    const program = new CProcess('demo server', install.wrap([server, ...eal, '--', ...args]));
    peers.defer(() => program[Symbol.asyncDispose]());
    await program.waitFor(/^\[Server\] ready/);
    return program;
  }

  const request = (text: string) => `hex:${Buffer.from(`${text}\0`).toString('hex')}`;

  it('answers both actions, counts in the memzone and ends on force_quit', async () => {
    const program = await serve(true, '20');
    const client = await peers.start({ role: 'secondary', core: 1 });

    await client.command(`req hello_request ${request('SYNC Hello 1 from Client')} 5000`);
    await program.waitFor(/^\[SYNC\] received: SYNC Hello 1 from Client$/);
    await program.waitFor(/^\[Server\] handled sync requests: 1, async requests: 0$/);
    const sync = await client.waitFor(/^req\.reply name=hello_request/);
    expect(sync.fields.text).to.equal("Server SYNC reply: Got 'SYNC Hello 1 from Client'");
    expect(sync.fields.hex).to.match(/2700$/);

    await client.command(`areq hello_async_req ${request('ASYNC Hello 1 from Client')} 5000`);
    const async = await client.waitFor(/^areply\.reply name=hello_async_req/);
    expect(async.fields.text).to.equal("Server ASYNC reply: Got 'ASYNC Hello 1 from Client'");
    await program.waitFor(/^\[Server\] handled sync requests: 1, async requests: 1$/);

    const counters = await client.command('peek shared_info 8 16');
    expect(counters.fields.hex).to.equal('01000000000000000100000000000000');
    await client.command('poke shared_info 0 01000000');
    await program.waitFor(/^\[Server\] ends: force_quit$/);
    expect(await program.exited).to.deep.equal({ code: 0, signal: null });
    expect(existsSync(`${peers.runtimeDir}/mp_socket`)).to.equal(false);
  });

  it('runs without hugepages and ends on SIGTERM', async () => {
    const program = await serve(false);
    program.kill('SIGTERM');
    await program.waitFor(/^\[Server\] ends: signal$/);
    expect(await program.exited).to.deep.equal({ code: 0, signal: null });
  });

  it('ends after the duration it is given', async () => {
    const program = await serve(false, '3000', '1');
    await program.waitFor(/^\[Server\] ends: duration$/);
    expect((await program.exited).code).to.equal(0);
  });
});

// `dpdk-ipc memzone` against the memory of live C primaries.
import { expect } from 'chai';
import { cli, cliJson, needsCli, RunningCli } from '../../support/cli.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { CPeer } from '../../support/dpdk/peer.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { cleanPrefix } from '../../support/dpdk/prefix.js';

describe('dpdk-ipc memzone', () => {
  const peers = peersFor('memzone', 'suite');
  let primary: CPeer;
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this, { hugepages: 8 });
    primary = await peers.start({ role: 'primary' });
  });

  const memzone = (verb: string, ...args: string[]) =>
    cli(['memzone', verb, ...args, '--file-prefix', peers.filePrefix]);
  const memzoneJson = (verb: string, ...args: string[]) =>
    cliJson(['memzone', verb, ...args, '--file-prefix', peers.filePrefix]);
  const peek = async (offset: number, length: number) =>
    (await primary.command(`peek SHARED_INFO ${offset} ${length}`)).fields.hex;

  it('lists the memzones of the primary', async () => {
    const { status, result } = await memzoneJson('ls');
    expect(status).to.equal(0);
    const theirs = primary.lines.filter(({ event }) => event === 'memzone').map(({ fields }) => fields);
    expect(
      result.memzones.map(({ name, addr, len }: Record<string, unknown>) => ({ name, addr, len })),
    ).to.deep.equal(theirs.map(({ name, addr, len }) => ({ name, addr, len: Number(len) })));
    const { stdout } = await memzone('ls');
    expect(stdout).to.match(/^NAME +BYTES +ADDRESS +PAGE +SOCKET\nSHARED_INFO +4096 +0x[0-9a-f]+ +2M +0\n/);
  });

  it('dumps and reads what the primary wrote', async () => {
    await primary.command('poke SHARED_INFO 256 0a0b0c0d48656c6c6f00');
    const { stdout } = await memzone('dump', 'SHARED_INFO', '--offset', '0x100', '--length', '64');
    expect(stdout).to.equal(
      `00000100  0a 0b 0c 0d 48 65 6c 6c  6f 00 00 00 00 00 00 00  |....Hello.......|
00000110  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
00000130  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
`,
    );
    expect((await memzone('read', 'SHARED_INFO', '--offset', '256', '--length', '4')).stdout).to.equal(
      '0a0b0c0d\n',
    );
    const struct = ['SHARED_INFO', '--offset', '0x100', '--as', 'u32:number,s8:word'];
    expect((await memzone('read', ...struct)).stdout).to.equal('number 218893066\nword Hello\n');
    expect((await memzoneJson('read', ...struct)).result.struct).to.deep.equal({
      number: 218893066,
      word: 'Hello',
    });
    expect(
      (await memzone('read', 'SHARED_INFO', '--offset', '260', '--length', '5', '--raw')).stdout,
    ).to.equal('Hello');
  });

  it('reads a zone of many pages, with offsets in k and M', async () => {
    const { result } = await memzoneJson('read', 'BIG', '--offset', '2M', '--length', '1k');
    const words = Buffer.from(result.hex, 'hex');
    expect(words.length).to.equal(1024);
    expect(words.readUInt32LE(4)).to.equal(Number((BigInt(2 ** 21 / 4 + 1) * 2654435761n) & 0xffffffffn));
    expect((await memzone('dump', 'BIG')).stdout.split('\n').at(-2)).to.match(/^004ffff0 /);
  });

  it('writes only with --yes, and shows what it would write without', async () => {
    const args = ['SHARED_INFO', '--offset', '512', '--struct', 'u16:0x1122,s4:ab'];
    const refused = await memzone('write', ...args);
    expect(refused).to.include({ status: 2, stdout: '' });
    expect(refused.stderr)
      .to.contain('00000200  00 00 00 00 00 00')
      .and.to.contain('00000200  22 11 61 62 00 00')
      .and.to.contain('add --yes');
    expect(await peek(512, 6)).to.equal('000000000000');
    expect(await memzone('write', ...args, '--yes')).to.deep.equal({
      status: 0,
      stdout: "wrote 6 bytes at offset 512 of memzone 'SHARED_INFO'\n",
      stderr: '',
    });
    expect(await peek(512, 6)).to.equal('221161620000');
    const { result } = await memzoneJson('write', 'SHARED_INFO', '--offset', '512', '--text', 'x', '--yes');
    expect(result).to.include({ offset: 512, length: 2, before: '2211', hex: '7800' });
  });

  it('asks before it writes on a terminal', async () => {
    const typed = async (answer: string) => {
      const command = ['memzone', 'write', 'SHARED_INFO', '--offset', '600', '--hex', 'ee'];
      const wrap = ['sh', '-c', 'script -qec "$*" /dev/null', 'sh'];
      const asked = new RunningCli([...command, '--file-prefix', peers.filePrefix], { wrap });
      await asked.outText('Write? [y/N] ');
      asked.type(answer);
      return asked.ended;
    };
    for (const [keys, status] of [
      ['no\n', 1],
      ['\n', 1],
      ['\x04', 1], // Ctrl-D
      ['\x03', 130], // Ctrl-C
    ] as const) {
      const ended = await typed(keys);
      expect(ended.status, ended.stdout).to.equal(status);
      expect(ended.stdout).not.to.contain('Error');
      expect(await peek(600, 1)).to.equal('00');
    }
    expect((await typed('y\n')).stdout).to.contain('wrote 1 bytes at offset 600');
    expect(await peek(600, 1)).to.equal('ee');
  });

  it('ends with status 0 and without an error when its reader closes the pipe', async () => {
    const dump = new RunningCli(['memzone', 'dump', 'BIG', '--file-prefix', peers.filePrefix], { input: '' });
    await dump.outLine(/^00000000 /);
    dump.stopReading();
    expect(await dump.ended).to.include({ status: 0, stderr: '' });
  });

  it('shows the tables of a dead primary with --stale', async () => {
    const dead = await CPeer.start({ role: 'primary', bigZone: false, filePrefix: `${peers.filePrefix}-d` });
    peers.defer(() => cleanPrefix(dead.filePrefix));
    dead.kill('SIGKILL');
    await dead.exited;
    const args = ['memzone', 'ls', '--file-prefix', dead.filePrefix];
    const refused = await cli(args);
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.contain('is dead').and.to.contain('--stale');
    // only its tables: its pages are gone as soon as any other primary of the machine starts
    const { status, result } = await cliJson([...args, '--stale']);
    expect(status).to.equal(0);
    expect(result.memzones.map(({ name }: { name: string }) => name)).to.deep.equal(['SHARED_INFO']);
  });

  it('ends with status 2 for zones, ranges and values that are wrong', async () => {
    for (const [args, hint] of [
      [['read', 'SHARED_INFOS'], "did you mean 'SHARED_INFO'?"],
      [['read', 'other'], 'it has SHARED_INFO, BIG'],
      [['dump', 'SHARED_INFO', '--offset', '4096'], 'not within the 4096 bytes'],
      [['read', 'SHARED_INFO', '--offset', '4090', '--length', '7'], 'not within the 4096 bytes'],
      [['read', 'SHARED_INFO', '--length', '-1'], "'--length <bytes>'"],
      [['read', 'SHARED_INFO', '--length', '3x'], '4k, 2M or 1G'],
      [['write', 'SHARED_INFO', '--offset', '0', '--yes'], 'nothing to write'],
      [['write', 'SHARED_INFO', '--yes', '--text', 'x'], '--offset'],
      [['write', 'SHARED_INFO', '--offset', '4095', '--text', 'x', '--yes'], 'not within the 4096 bytes'],
    ] as const) {
      const { status, stdout, stderr } = await memzone(...(args as unknown as [string]));
      expect({ status, stdout }, stderr).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.contain(hint);
    }
  });

  it('watches bytes and prints their changes', async () => {
    const args = ['SHARED_INFO', '--offset', '1k', '--length', '64', '--interval', '5ms'];
    const watch = new RunningCli(['memzone', 'watch', ...args, '--file-prefix', peers.filePrefix]);
    await watch.errLine(/^watching 64 bytes at offset 1024/);
    await primary.command('poke SHARED_INFO 1032 0102');
    expect(await watch.outLine(/->/)).to.match(/^[\d:.]{12} 00000408 {2}00 00 -> 01 02$/);
    await primary.command('poke SHARED_INFO 1033 ff');
    expect(await watch.outLine(/->/)).to.match(/^[\d:.]{12} 00000409 {2}02 -> ff$/);
    watch.kill('SIGINT');
    expect(await watch.ended).to.include({ status: 0 });
  });

  it('watches for --count changes, and prints JSON lines', async () => {
    const args = ['SHARED_INFO', '--offset', '2k', '--interval', '5ms', '--count', '2', '--json'];
    const watch = new RunningCli(['memzone', 'watch', ...args, '--file-prefix', peers.filePrefix]);
    await watch.errLine(/^watching 2048 bytes/);
    await primary.command('poke SHARED_INFO 3000 aa');
    await watch.outLine(/aa/);
    await primary.command('poke SHARED_INFO 3000 bb');
    const { status, stdout } = await watch.ended;
    expect(status).to.equal(0);
    const changes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(changes.map(({ offset, before, after }) => [offset, before, after])).to.deep.equal([
      [3000, '00', 'aa'],
      [3000, 'aa', 'bb'],
    ]);
  });

  it('ends a watch with status 2 when the zone is freed, or the primary ends', async () => {
    await primary.command('reserve PASSING 128');
    const passing = new RunningCli(['memzone', 'watch', 'PASSING', '--file-prefix', peers.filePrefix]);
    await passing.errLine(/^watching/);
    await primary.command('free PASSING');
    const freed = await passing.ended;
    expect(freed.status).to.equal(2);
    expect(freed.stderr).to.contain('freed');
    const bereft = new RunningCli(['memzone', 'watch', 'BIG', '--file-prefix', peers.filePrefix]);
    await bereft.errLine(/^watching/);
    primary.kill('SIGKILL');
    const { status, stderr } = await bereft.ended;
    expect(status).to.equal(2);
    expect(stderr).to.contain('gone').and.to.contain(`doctor --file-prefix ${peers.filePrefix}`);
    expect((await memzone('ls')).stderr).to.contain('is dead');
  });
});

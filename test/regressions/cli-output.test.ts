// Where stdout was a file without room for everything, the command line printed a part of it and ended with 0, or with a
// stack trace and 1, which stands for something wrong that was found.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { cli, needsCli } from '../support/cli.js';

describe('regression: a full file system at the end of a command', () => {
  const ROOM = 4096;

  before('compile', function () {
    needsCli(this);
  });

  function printTo(file: string, args: readonly string[]) {
    return cli(args, { wrap: ['/bin/sh', '-c', `exec "$@" > ${file}`, 'sh'] });
  }

  it('is an error where nothing can be written', async () => {
    const { status, stderr } = await printTo('/dev/full', ['conformance', '--list']);
    expect(status).to.equal(2);
    expect(stderr).to.match(/^dpdk-ipc: write stdout: ENOSPC\. What was printed is not complete.*\n$/);
    const asJson = await printTo('/dev/full', ['conformance', '--list', '--json']);
    expect(asJson.status).to.equal(2);
    expect(JSON.parse(asJson.stderr).error).to.include({ code: 'ENOSPC', path: 'stdout' });
  });

  it('is an error where a part can be written', async function () {
    const dir = mkdtempSync(join(tmpdir(), 'mp-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${ROOM}`, 'none', dir]).status !== 0) {
      rmSync(dir, { recursive: true });
      this.skip();
    }
    try {
      const { status, stderr } = await printTo(`${dir}/list`, ['conformance', '--list', '--json']);
      expect(readFileSync(`${dir}/list`)).to.have.length(ROOM);
      expect(status).to.equal(2);
      expect(stderr).to.contain('ENOSPC');
    } finally {
      spawnSync('umount', [dir]);
      rmSync(dir, { recursive: true });
    }
  });
});

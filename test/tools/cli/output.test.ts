// What the command line does with output that is too much for its stdout, or for a string.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { hexParts, toHex } from '../../../tools/cli/format-bytes.js';
import { cli, needsCli } from '../../support/cli.js';
import { expectError } from '../../support/mp-error.js';

describe('dpdk-ipc: stdout in a full file system', () => {
  const ROOM = 4096;

  before('compile', function () {
    needsCli(this);
  });

  function printTo(file: string, args: readonly string[]) {
    return cli(args, { wrap: ['/bin/sh', '-c', `exec "$@" > ${file}`, 'sh'] });
  }

  it('ends with status 2 and ENOSPC when nothing can be written', async () => {
    const { status, stderr } = await printTo('/dev/full', ['conformance', '--list']);
    expect(status).to.equal(2);
    expect(stderr).to.match(/^dpdk-ipc: write stdout: ENOSPC\. What was printed is not complete.*\n$/);
    const asJson = await printTo('/dev/full', ['conformance', '--list', '--json']);
    expect(asJson.status).to.equal(2);
    expect(JSON.parse(asJson.stderr).error).to.include({ code: 'ENOSPC', path: 'stdout' });
  });

  it('ends with status 2 and ENOSPC when only a part can be written', async function () {
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

describe('dpdk-ipc: more bytes than one string can have in hex', () => {
  const bytes = new Uint8Array(2 ** 28); // zeros that take no memory until they are written

  it('throws ERANGE for JSON, and prints them in parts otherwise', () => {
    expectError('ERANGE', () => toHex(bytes));
    let length = 0;
    for (const part of hexParts(bytes)) length += part.length;
    expect(length).to.equal(2 * bytes.length);
  });
});

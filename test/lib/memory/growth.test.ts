// Growth of a primary's memory on request of a secondary, where a system call fails.
import { closeSync, openSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { MallocResult } from '../../../protocol/eal/malloc.js';
import { decodeMessage, encodeMessage, MpType } from '../../../protocol/index.js';
import { LAYOUTS } from '../../../shm/layout/releases.js';
import { interposed } from '../../faults/support/fault-plan.js';
import { growthRequest, MIB } from '../../shm/primary/support/stage.js';
import { StageScope } from '../../support/stage.js';

const WRITER = 2;
const RELEASE = { version: '24.11.0', versionWord: 0x180b0063, dialect: '332/253' } as const;

describe("a request for memory that can't be served", () => {
  const scope = new StageScope();

  // a secondary without an answer would keep its locks for 5 s
  it("is answered with FAIL, and the error is emitted as 'error'", async () => {
    const { stage } = scope;
    const primary = await scope.keep(
      openPrimary({ ...stage.options, memory: { hugepages: 0, version: RELEASE.version } }),
    );
    const errors: unknown[] = [];
    primary.on('error', (error) => {
      errors.push(error);
    });
    const secondary = stage.socket('mp_socket_1_1');
    setHotplugLock(WRITER);
    const request = { name: 'mp_malloc_request', param: growthRequest(2 * MIB, 3 * MIB) };
    secondary.send(encodeMessage(RELEASE.dialect, MpType.MSG, request), [], stage.primaryPath);
    await interposed(
      (name) => (name === 'mmap' ? 'EPERM' : undefined),
      async () => {
        let datagram = secondary.receive();
        for (; typeof datagram !== 'object'; datagram = secondary.receive()) await turn();
        const { name, param } = decodeMessage(RELEASE.dialect, datagram.bytes);
        expect(name).to.equal('mp_malloc_response');
        expect(param[72]).to.equal(MallocResult.FAIL);
      },
    );
    setHotplugLock(0);
    expect(errors.map((error) => (error as { code: string }).code)).to.deep.equal(['EPERM']);
    expect(primary.memory.memsegs()).to.have.length(1);
  });

  function setHotplugLock(word: number): void {
    const layout = LAYOUTS.findLast(({ firstWord }) => firstWord <= RELEASE.versionWord);
    const fd = openSync(`${scope.stage.directory}/config`, 'r+');
    writeSync(fd, new Int32Array([word]), 0, 4, layout?.offsets.memoryHotplugLock);
    closeSync(fd);
  }
});

// Arrays for large copies, which the kernel may back with huge pages.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { addressOf } from '../../sys/libc.js';
import { arrayToFill } from '../../sys/safe-copy.js';

const MIB = 1024 * 1024;
const THP = '/sys/kernel/mm/transparent_hugepage/enabled';

describe('sys: arrays for large copies', () => {
  it('may get huge pages when whole ones fit', function () {
    if (modeOfKernel() !== 'madvise' && modeOfKernel() !== 'always') {
      console.log('      pending: needs a kernel with transparent huge pages');
      this.skip();
    }
    const array = arrayToFill(5 * MIB);
    expect(array.length).to.equal(5 * MIB);
    expect(array.every((byte) => byte === 0)).to.equal(true);
    const middle = addressOf(array.buffer) + 2.5 * MIB;
    expect(flagsOf(middle)).to.include('hg');
  });

  it('are ordinary arrays when they are small', () => {
    for (const length of [1, 4096, 4 * MIB - 1]) expect(arrayToFill(length).length).to.equal(length);
  });
});

function modeOfKernel(): string | undefined {
  try {
    return /\[(\w+)\]/.exec(readFileSync(THP, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** `VmFlags` of the mapping that has this address, as proc_pid_smaps(5) abbreviates them. */
function flagsOf(address: number): string[] {
  let isInside = false;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null)
      isInside = parseInt(range[1] ?? '', 16) <= address && address < parseInt(range[2] ?? '', 16);
    const flags = /^VmFlags: (.*)$/.exec(line)?.[1];
    if (isInside && flags !== undefined) return flags.trim().split(' ');
  }
  return [];
}

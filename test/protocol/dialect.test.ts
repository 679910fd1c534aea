import { expect } from 'chai';
import fc from 'fast-check';
import { type Dialect, resolveDialect } from '../../protocol/dialect.js';
import { DIALECTS, type DialectId, dialectOf, versionOf } from '../../protocol/index.js';
import { thrown } from '../support/mp-error.js';

describe('DIALECTS', () => {
  it('has the layouts of struct mp_msg_internal', () => {
    const packed = { type: 0, name: 4, lenParam: 68, numFds: 72, param: 76 };
    const aligned = { type: 0, name: 8, lenParam: 72, numFds: 76, param: 80, staleFd: 336 };
    expect(DIALECTS).to.deep.equal({
      '332/8': dialect('332/8', 332, 8, packed, '18.11', '24.07'),
      '332/253': dialect('332/253', 332, 253, packed, '24.11', '25.07'),
      '340/253': dialect('340/253', 340, 253, aligned, '25.11', '26.11'),
    });
  });

  function dialect(
    id: DialectId,
    wireLength: number,
    maxFds: number,
    offsets: object,
    first: string,
    last: string,
  ) {
    return { id, wireLength, maxFds, offsets, firstVersion: first, lastVersion: last };
  }

  it('is frozen all the way down', () => {
    expect(DIALECTS).to.be.frozen;
    for (const record of Object.values(DIALECTS)) {
      expect(record).to.be.frozen;
      expect(record.offsets).to.be.frozen;
    }
  });
});

describe('resolveDialect', () => {
  it('takes a record or its id', () => {
    for (const record of Object.values(DIALECTS)) {
      expect(resolveDialect(record)).to.equal(record);
      expect(resolveDialect(record.id)).to.equal(record);
    }
  });

  const wrong: readonly unknown[] = [
    '332',
    'toString',
    '__proto__',
    '',
    { ...DIALECTS['332/8'] },
    null,
    undefined,
    332,
  ];
  for (const value of wrong) {
    it(`refuses ${typeof value === 'object' ? 'a foreign object' : JSON.stringify(value)} and names the ids`, () => {
      const error = thrown(() => resolveDialect(value as Dialect));
      expect(error.code).to.equal('EINVAL');
      expect(error.message).to.contain("use one of '332/8', '332/253', '340/253'");
    });
  }
});

describe('dialectOf', () => {
  const known: readonly [string, number, DialectId][] = [
    ['no channel count (18.11)', 0, '332/8'],
    ['4 channels (19.05)', 4, '332/8'],
    ['255 channels', 0xff, '332/8'],
    ['19.08-rc0', 0x13080000, '332/8'],
    ['22.11.11', 0x160b0b63, '332/8'],
    ['24.07.0', 0x18070063, '332/8'],
    ['24.10 if there were one', 0x180affff, '332/8'],
    ['24.11-rc0', 0x180b0000, '332/253'],
    ['24.11.8', 0x180b0863, '332/253'],
    ['25.07.0', 0x19070063, '332/253'],
    ['25.11-rc0', 0x190b0000, '340/253'],
    ['25.11.4', 0x190b0463, '340/253'],
    ['26.11-rc0', 0x1a0b0000, '340/253'],
    ['the last word of 26.11', 0x1a0bffff, '340/253'],
  ];
  for (const [what, word, id] of known) {
    it(`knows ${what}: ${id}`, () => expect(dialectOf(word)).to.equal(DIALECTS[id]));
  }

  const unknown: readonly [string, number][] = [
    ['256 channels', 0x100],
    ['before 19.08', 0x1307ffff],
    ['month 0', 0x16000063],
    ['month 13', 0x160d0063],
    ['26.12', 0x1a0c0000],
    ['27.03.0', 0x1b030063],
    ['all ones', 0xffffffff],
  ];
  for (const [what, word] of unknown) {
    it(`refuses ${what}, with the decoded version and the way out`, () => {
      const error = thrown(() => dialectOf(word));
      expect(error.code).to.equal('EVERSION');
      expect(error.message).to.contain(
        `DPDK version ${versionOf(word)} (0x${word.toString(16).padStart(8, '0')})`,
      );
      expect(error.message).to.match(/set the option dialect to '332\/8'.*'332\/253'.*'340\/253'/);
    });
  }

  for (const word of [-1, 0x100000000, 1.5, Number.NaN, '22' as unknown as number]) {
    it(`refuses ${word}, which is no 32-bit word`, () => {
      const error = thrown(() => dialectOf(word));
      expect(error.code).to.equal('EVERSION');
      expect(error.message).to.contain(`${word} (not an unsigned 32-bit number)`);
    });
  }

  it('follows the year and month of any real release', () => {
    const release = fc.record({
      year: fc.integer({ min: 20, max: 25 }),
      month: fc.constantFrom(2, 3, 5, 7, 8, 11),
      rest: fc.integer({ min: 0, max: 0xffff }),
    });
    fc.assert(
      fc.property(release, ({ year, month, rest }) => {
        const yearMonth = year * 100 + month;
        const expected = yearMonth < 2411 ? '332/8' : yearMonth < 2511 ? '332/253' : '340/253';
        expect(dialectOf((year << 24) | (month << 16) | rest).id).to.equal(expected);
      }),
    );
  });
});

describe('versionOf', () => {
  const printed: readonly [number, string][] = [
    [0x160b0b63, '22.11.11'],
    [0x190b0063, '25.11.0'],
    [0x19070063, '25.07.0'],
    [0x1a0b0000, '26.11.0-rc0'],
    [0x150b0004, '21.11.0-rc4'],
    [0xffffff63, '255.255.255'],
  ];
  for (const [word, version] of printed) {
    it(`prints 0x${word.toString(16)} as rte_version does: ${version}`, () => {
      expect(versionOf(word)).to.equal(version);
    });
  }
});

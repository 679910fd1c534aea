// Structs as the command line writes them: `u32:1,s4:ab`.
import { expect } from 'chai';
import {
  decodeStruct,
  encodeStruct,
  structLines,
  structRecord,
  structSize,
} from '../../../tools/cli/struct.js';
import { rejected } from '../../support/mp-error.js';

const hex = (text: string) => Buffer.from(encodeStruct(text)).toString('hex');

describe('structs on the command line', () => {
  it('are little-endian and packed', () => {
    expect(hex('u32:1,u64:0x10,s4:ab')).to.equal('01000000100000000000000061620000');
    expect(hex('u8:255,i8:-1,u16:0x1234,i16:-2,x3,i32:-1')).to.equal('ffff3412feff000000ffffffff');
    expect(hex('i64:-2,f32:1.5,f64:-0.5')).to.equal('feffffffffffffff0000c03f000000000000e0bf');
    expect(hex('u64:18446744073709551615')).to.equal('ffffffffffffffff');
  });

  it('escape commas and backslashes in texts', () => {
    expect(Buffer.from(encodeStruct('s6:a\\,b\\\\c,u8:1')).toString('latin1')).to.equal('a,b\\c\0\x01');
    expect(hex('s2:,u8:1')).to.equal('000001');
    expect(hex('s4:a:b')).to.equal('613a6200');
  });

  it('are decoded with a layout', () => {
    const layout = 'u32:count,x4,u64:big,s4,i8:low,f32:ratio';
    const bytes = encodeStruct('u32:7,x4,u64:0xffffffffffffffff,s4:ab,i8:-3,f32:0.5');
    expect(structSize(layout)).to.equal(bytes.length).and.to.equal(25);
    const values = decodeStruct(layout, bytes);
    expect(structLines(values)).to.deep.equal([
      'count 7',
      'big 18446744073709551615',
      's4 ab',
      'low -3',
      'ratio 0.5',
    ]);
    expect(structRecord(values)).to.deep.equal({
      count: 7,
      big: '18446744073709551615',
      s4: 'ab',
      low: -3,
      ratio: 0.5,
    });
  });

  for (const [field, hint] of [
    ['u32:-1', 'from 0 to 4294967295'],
    ['u8:256', 'from 0 to 255'],
    ['i8:128', 'from -128 to 127'],
    ['u32:one', 'whole number'],
    ['u32', 'give it a value'],
    ['u24:1', 'no such type'],
    ['s0:', 'no such type'],
    ['s2:abc', 'make it s4'],
    ['f32:x', 'give a number'],
    ['', 'no such type'],
  ] as const) {
    it(`refuse '${field}'`, async () => {
      const error = await rejected(
        'EINVAL',
        Promise.resolve().then(() => encodeStruct(`u8:1,${field}`)),
      );
      expect(error.message).to.contain(`'${field}'`).and.to.contain(hint);
    });
  }
});

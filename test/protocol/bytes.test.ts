import { expect } from 'chai';
import fc from 'fast-check';
import { getInt32, putInt32 } from '../../protocol/bytes.js';

describe('putInt32 and getInt32', () => {
  it('are little-endian, at any offset', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 4 }), (value, offset) => {
        const expected = Buffer.alloc(8);
        expected.writeInt32LE(value, offset);
        const bytes = new Uint8Array(8);
        putInt32(bytes, offset, value);
        expect(Buffer.from(bytes).toString('hex')).to.equal(expected.toString('hex'));
        expect(getInt32(bytes, offset)).to.equal(value);
      }),
    );
  });
});

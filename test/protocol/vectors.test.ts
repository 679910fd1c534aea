import { expect } from 'chai';
import { DIALECTS } from '../../protocol/index.js';
import { readVectors, testVector } from './vectors.js';

const CAPTURED = ['dpdk-22.11.json', 'dpdk-24.11.json', 'dpdk-25.11.json'].flatMap(readVectors);
const REJECTED = readVectors('rejected.json');

describe('golden vectors', () => {
  it('has every message type of every dialect from a live C process, and garbage to see through', () => {
    for (const { id, wireLength } of Object.values(DIALECTS)) {
      const own = CAPTURED.filter((vector) => vector.dialect === id);
      const types = new Set(own.map((vector) => 'fields' in vector && vector.fields.type));
      expect([...types].sort()).to.deep.equal([0, 1, 2, 3]);
      for (const vector of own) expect(vector.hex).to.have.length(2 * wireLength);
      expect(own.some((vector) => 'mask' in vector && hasGarbage(vector))).to.equal(true);
    }
  });

  CAPTURED.forEach(testVector);
  REJECTED.forEach(testVector);
});

function hasGarbage({ hex, mask }: { readonly hex: string; readonly mask: string }): boolean {
  const masked = Buffer.from(mask, 'hex');
  return Buffer.from(hex, 'hex').some((byte, i) => byte !== 0 && masked[i] === 0);
}

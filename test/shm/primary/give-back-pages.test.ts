// Pages that go back to the kernel while no descriptor is left: a page is in the heap or free, and secondaries are told of those that go.
import { expect } from 'chai';
import { MpError } from '../../../protocol/errors.js';
import { interposed } from '../../faults/support/fault-plan.js';
import { did, MIB, primaryStage } from './support/stage.js';

describe('primary: giving pages back without a free descriptor', () => {
  const stage = primaryStage('given-back');
  const LARGE = 9 * MIB;

  for (const [what, failing] of [
    ['the lock of their directory', 0],
    ['the first file', 1],
    ['the third file', 3],
  ] as const) {
    it(`loses none when opening ${what} fails`, async () => {
      const { memory } = await stage().primary();
      const secondary = await stage().secondary();
      const before = memory.memsegs().length;
      const zone = memory.reserve('LARGE', LARGE);
      let opened = 0;
      const fail = (name: string) => (name === 'openSync' && opened++ === failing ? 'EMFILE' : undefined);
      await interposed(fail, () => {
        try {
          memory.free(zone);
        } catch (error) {
          // a file was left, which is reported; its page is free all the same
          expect(error).to.be.instanceOf(MpError).with.property('code', 'EMFILE');
        }
      });
      stage().expectWhole();
      await did(secondary, `reserve LARGE ${LARGE}`);
      await did(secondary, 'fill LARGE 3');
      await did(secondary, 'free LARGE');
      expect(memory.memsegs()).to.have.length(before);
      await secondary.quit();
      stage().expectWhole();
    });
  }
});

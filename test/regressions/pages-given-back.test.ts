// Pages that were given back while the process had no descriptor left belonged to nobody from then on: they were neither in the
// heap nor free, and no secondary was told of those that had gone.
import { expect } from 'chai';
import { MpError } from '../../protocol/errors.js';
import { interposed } from '../faults/support/fault-plan.js';
import { did, MIB, primaryStage } from '../shm/primary/support/stage.js';

describe('regression: giving pages back without a descriptor left', () => {
  const stage = primaryStage('given-back');
  const LARGE = 9 * MIB;

  for (const [what, failing] of [
    ['the lock of their directory', 0],
    ['the first file', 1],
    ['the third file', 3],
  ] as const) {
    it(`loses none where it fails at ${what}`, async () => {
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
          // that a file was left is to be known; its page is free all the same
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

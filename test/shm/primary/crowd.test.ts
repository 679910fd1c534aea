// A hundred C secondaries, some of them at a time.
import { expect } from 'chai';
import { did, primaryStage } from './support/stage.js';

const SECONDARIES = 100;
/** Each secondary takes a third of a second of two processors. */
const AT_ONCE = 4;

describe('primary: many secondaries', () => {
  const stage = primaryStage('crowd');

  it(`lets ${SECONDARIES} secondaries attach, allocate and leave`, async function () {
    this.timeout(180_000);
    const { memory } = await stage().primary();
    memory.reserve('ROLL', SECONDARIES * 4);
    let next = 0;
    const visit = async () => {
      for (let i = next++; i < SECONDARIES; i = next++) {
        const peer = await stage().secondary();
        await did(peer, `poke ROLL ${i * 4} ${(i + 1).toString(16).padStart(8, '0')}`);
        await did(peer, `reserve ITS_${i} ${1000 * (i + 1)}`);
        if (i % 2 === 0) await did(peer, `free ITS_${i}`);
        await peer.quit();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, visit));
    const roll = new DataView(
      memory.lookup('ROLL')?.buffer ?? new ArrayBuffer(0),
      memory.lookup('ROLL')?.byteOffset,
    );
    for (let i = 0; i < SECONDARIES; i++) expect(roll.getUint32(i * 4)).to.equal(i + 1);
    const left = memory.memzones().filter(({ name }) => name.startsWith('ITS_'));
    expect(left).to.have.length(SECONDARIES / 2);
    for (const zone of left) memory.free(zone);
    stage().expectWhole();
  });
});

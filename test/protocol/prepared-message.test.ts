// A message that is encoded once, and leaves in whatever dialect its receiver speaks.
import { expect } from 'chai';
import { PreparedMessage } from '../../protocol/codec.js';
import { DIALECTS, type DialectId, encodeMessage, MpType } from '../../protocol/index.js';
import { thrown } from '../support/mp-error.js';

const IDS = Object.keys(DIALECTS) as DialectId[];

describe('a prepared message', () => {
  for (const first of IDS) {
    for (const second of IDS) {
      it(`is what encodeMessage gives in ${first} and then in ${second}; the first datagram stays as it is`, () => {
        const message = { name: 'echo', param: 'grüße', fds: [3, 4] };
        const prepared = new PreparedMessage(message);
        const one = prepared.encode(DIALECTS[first], MpType.REQ);
        const other = prepared.encode(DIALECTS[second], MpType.REP);
        expect(Buffer.from(other)).to.deep.equal(Buffer.from(encodeMessage(second, MpType.REP, message)));
        expect(Buffer.from(one)).to.deep.equal(Buffer.from(encodeMessage(first, MpType.REQ, message)));
      });
    }
  }

  it('is encoded once for each dialect and type', () => {
    const prepared = new PreparedMessage({ name: 'echo' });
    const datagram = prepared.encode(DIALECTS['332/8'], MpType.MSG);
    expect(prepared.encode(DIALECTS['332/8'], MpType.MSG)).to.equal(datagram);
  });

  it('keeps what it was made of, whatever the program and later messages do', () => {
    const message = { name: 'echo', param: new Uint8Array([1, 2, 3]), fds: [5] };
    const expected = Buffer.from(encodeMessage('332/8', MpType.MSG, message));
    const prepared = new PreparedMessage(message);
    message.param.fill(9);
    message.fds.push(6);
    for (let i = 0; i < 100; i++)
      new PreparedMessage({ name: `other${i}`, param: new Uint8Array(256).fill(i) });
    expect(Buffer.from(prepared.encode(DIALECTS['332/8'], MpType.MSG))).to.deep.equal(expected);
    expect(prepared.fds).to.deep.equal([5]);
  });

  it('refuses what its dialect or type does not take', () => {
    const many = new PreparedMessage({ name: 'echo', fds: new Array(9).fill(3) });
    expect(thrown(() => many.encode(DIALECTS['332/8'], MpType.MSG)).code).to.equal('E2BIG');
    expect(many.encode(DIALECTS['332/253'], MpType.MSG)).to.have.length(332);
    const loaded = new PreparedMessage({ name: 'echo', param: 'x' });
    expect(thrown(() => loaded.encode(DIALECTS['332/8'], MpType.IGN)).code).to.equal('EINVAL');
  });
});

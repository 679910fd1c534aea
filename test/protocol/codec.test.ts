import { expect } from 'chai';
import fc from 'fast-check';
import {
  DecodeError,
  DIALECTS,
  type DialectId,
  decodeMessage,
  encodeMessage,
  type Message,
  MP_MAX_NAME_LEN,
  MP_MAX_PARAM_LEN,
  MpType,
} from '../../protocol/index.js';
import { thrown } from '../support/mp-error.js';

const IDS = Object.keys(DIALECTS) as DialectId[];

/** The datagram written down by hand, with the offsets of C's compiler. */
function datagram(id: DialectId, type: number, name: string, param: Uint8Array, numFds: number): Buffer {
  const aligned = id === '340/253';
  const bytes = Buffer.alloc(aligned ? 340 : 332);
  bytes.writeInt32LE(type, 0);
  bytes.write(name, aligned ? 8 : 4);
  bytes.writeInt32LE(param.length, aligned ? 72 : 68);
  bytes.writeInt32LE(numFds, aligned ? 76 : 72);
  bytes.set(param, aligned ? 80 : 76);
  if (aligned) bytes.writeInt32LE(-1, 336);
  return bytes;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

it('has the limits of rte_eal.h and the numbers of enum mp_type', () => {
  expect([MP_MAX_NAME_LEN, MP_MAX_PARAM_LEN]).to.deep.equal([64, 256]);
  expect(MpType).to.deep.equal({ MSG: 0, REQ: 1, REP: 2, IGN: 3 });
});

for (const id of IDS) {
  const { wireLength, offsets, maxFds } = DIALECTS[id];

  describe(`encodeMessage, dialect ${id}`, () => {
    it('writes every field where C has it', () => {
      const param = Uint8Array.from({ length: 256 }, (_, i) => i);
      for (const type of Object.values(MpType)) {
        const message = type === MpType.IGN ? { name: 'echo' } : { name: 'echo', param, fds: [3, 4] };
        const expected = datagram(
          id,
          type,
          'echo',
          message.param ?? new Uint8Array(),
          message.fds?.length ?? 0,
        );
        expect(hex(encodeMessage(id, type, message))).to.equal(expected.toString('hex'));
        expect(hex(encodeMessage(DIALECTS[id], type, message))).to.equal(expected.toString('hex'));
      }
    });

    it('writes the longest name, and one that is not ASCII', () => {
      for (const name of ['n'.repeat(63), `a${'é'.repeat(31)}`, '😀'.repeat(15)]) {
        const expected = datagram(id, 0, name, new Uint8Array(), 0);
        expect(hex(encodeMessage(id, MpType.MSG, { name }))).to.equal(expected.toString('hex'));
      }
    });

    it('overwrites all of out, and nothing behind the datagram', () => {
      const out = new Uint8Array(wireLength + 10).fill(0xee);
      const bytes = encodeMessage(id, MpType.REQ, { name: 'a', param: 'x' }, out);
      expect(hex(bytes)).to.equal(datagram(id, 1, 'a', Buffer.from('x\0'), 0).toString('hex'));
      expect(bytes.buffer).to.equal(out.buffer);
      expect(bytes.byteOffset).to.equal(0);
      expect(hex(out.subarray(wireLength))).to.equal('ee'.repeat(10));
    });

    it('takes an out of exactly the length, a Buffer inside a larger one too', () => {
      const slab = Buffer.alloc(wireLength + 16, 0xee);
      const bytes = encodeMessage(id, MpType.MSG, { name: 'a' }, slab.subarray(8, 8 + wireLength));
      expect(bytes).to.have.length(wireLength);
      expect(hex(slab)).to.equal(
        `${'ee'.repeat(8)}${hex(datagram(id, 0, 'a', Buffer.alloc(0), 0))}${'ee'.repeat(8)}`,
      );
    });

    it('takes a param that lies in out', () => {
      const out = Uint8Array.from({ length: wireLength }, (_, i) => i & 0xff);
      const param = out.subarray(10, 110);
      const expected = datagram(id, 0, 'a', param.slice(), 0);
      expect(hex(encodeMessage(id, MpType.MSG, { name: 'a', param }, out))).to.equal(hex(expected));
    });

    it('refuses an out that cannot hold it', () => {
      const outs: readonly unknown[] = [
        new Uint8Array(wireLength - 1),
        new Uint16Array(wireLength),
        null,
        [],
        'out',
      ];
      for (const out of outs) {
        const error = thrown(() => encodeMessage(id, MpType.MSG, { name: 'a' }, out as Uint8Array));
        expect(error.code).to.equal('EINVAL');
        expect(error.message).to.match(new RegExp(`give a Uint8Array of at least ${wireLength} bytes$`));
      }
    });

    it('leaves out alone when it refuses the message', () => {
      const out = new Uint8Array(wireLength).fill(0xee);
      expect(thrown(() => encodeMessage(id, MpType.MSG, { name: '' }, out)).code).to.equal('EINVAL');
      expect(thrown(() => encodeMessage(id, MpType.IGN, { name: 'a', param: 'x' }, out)).code).to.equal(
        'EINVAL',
      );
      expect(hex(out)).to.equal('ee'.repeat(wireLength));
    });

    it('refuses one descriptor more than the dialect takes', () => {
      const fds = new Array(maxFds + 1).fill(3);
      expect(thrown(() => encodeMessage(id, MpType.MSG, { name: 'a', fds })).code).to.equal('E2BIG');
      const most = encodeMessage(id, MpType.MSG, { name: 'a', fds: fds.slice(1) });
      expect(decodeMessage(id, most, maxFds).numFds).to.equal(maxFds);
    });
  });

  describe(`decodeMessage, dialect ${id}`, () => {
    it('copies: what it returned stays as it was', () => {
      const bytes = datagram(id, 2, 'echo', Buffer.from('abc'), 0);
      const message = decodeMessage(id, bytes);
      bytes.fill(0xff);
      expect(message.name).to.equal('echo');
      expect(hex(message.param)).to.equal('616263');
      expect(hex(message.paramArea)).to.equal(`616263${'00'.repeat(253)}`);
    });

    it('gives the whole param area, with param as its start', () => {
      const bytes = datagram(id, 2, 'x', new Uint8Array(256).fill(0xaa), 0);
      bytes.writeInt32LE(0, offsets.lenParam);
      const message = decodeMessage(id, bytes);
      expect(message.param).to.have.length(0);
      expect(hex(message.paramArea)).to.equal('aa'.repeat(256));
      expect(message.param.buffer).to.equal(message.paramArea.buffer);
      expect(message.param.constructor).to.equal(Uint8Array);
    });

    it('cuts the name at its NUL, whatever follows', () => {
      const bytes = datagram(id, 0, 'short', new Uint8Array(), 0);
      bytes.fill(0xff, offsets.name + 6, offsets.name + 64);
      expect(decodeMessage(id, bytes)).to.include({ name: 'short', nameTerminated: true });
    });

    it('reports an empty name and one without NUL, and rejects neither', () => {
      const empty = datagram(id, 1, '', new Uint8Array(), 0);
      expect(decodeMessage(id, empty)).to.include({ name: '', nameTerminated: true });
      const full = datagram(id, 1, 'n'.repeat(63), Buffer.from('abc'), 0);
      expect(decodeMessage(id, full)).to.include({ name: 'n'.repeat(63), nameTerminated: true });
      full[offsets.name + 63] = 0x21;
      expect(decodeMessage(id, full)).to.include({ name: `${'n'.repeat(63)}!`, nameTerminated: false });
    });

    it('reads names as UTF-8 with a byte order mark, and replaces invalid bytes', () => {
      expect(decodeMessage(id, datagram(id, 0, '\ufeffé😀', new Uint8Array(), 0)).name).to.equal('\ufeffé😀');
      const bytes = datagram(id, 0, 'ab', new Uint8Array(), 0);
      bytes[offsets.name + 1] = 0xff;
      expect(decodeMessage(id, bytes).name).to.equal('a\ufffd');
    });

    it('reports any type', () => {
      for (const type of [0, 3, 4, -1, 0x7fffffff, -0x80000000]) {
        expect(decodeMessage(id, datagram(id, type, 'a', new Uint8Array(), 0)).type).to.equal(type);
      }
    });

    it('checks the number of descriptors only when it is given how many came', () => {
      const bytes = datagram(id, 0, 'a', new Uint8Array(), maxFds);
      expect(decodeMessage(id, bytes).numFds).to.equal(maxFds);
      expect(decodeMessage(id, bytes, maxFds).numFds).to.equal(maxFds);
      const error = thrown(() => decodeMessage(id, bytes, maxFds - 1));
      expect(error).to.be.instanceOf(DecodeError);
      expect(error.message).to.contain(`claims ${maxFds} descriptors and ${maxFds - 1} came`);
    });

    it('refuses values that are no Uint8Array', () => {
      const others: readonly unknown[] = [null, 'x'.repeat(wireLength), new Uint16Array(wireLength), {}];
      for (const bytes of others) {
        const error = thrown(() => decodeMessage(id, bytes as Uint8Array));
        expect(error.code).to.equal('EINVAL');
        expect(error).not.to.be.instanceOf(DecodeError);
      }
    });

    it('decodes what was encoded', () => {
      const name = fc
        .string({ unit: 'binary', minLength: 1, maxLength: 63 })
        .filter((text) => !text.includes('\0') && Buffer.byteLength(text) < 64);
      const message = fc.record({
        name,
        param: fc.uint8Array({ maxLength: 256 }),
        fds: fc.array(fc.nat(), { maxLength: 8 }),
      });
      const out = new Uint8Array(wireLength);
      fc.assert(
        fc.property(message, fc.constantFrom(MpType.MSG, MpType.REQ, MpType.REP), (sent, type) => {
          const got = decodeMessage(id, encodeMessage(id, type, sent, out), sent.fds.length);
          expect(got).to.include({ type, name: sent.name, nameTerminated: true, numFds: sent.fds.length });
          expect(hex(got.param)).to.equal(hex(sent.param));
        }),
      );
    });

    it('decodes or rejects any bytes, and throws nothing else', () => {
      const bytes = fc.uint8Array({ minLength: wireLength, maxLength: wireLength });
      const count = fc.oneof(fc.integer({ min: -2, max: 300 }), fc.integer());
      fc.assert(
        fc.property(bytes, count, count, (noise, lenParam, numFds) => {
          const view = new DataView(noise.buffer);
          view.setInt32(offsets.lenParam, lenParam, true);
          view.setInt32(offsets.numFds, numFds, true);
          const reason =
            numFds < 0 || numFds > maxFds
              ? 'num-fds'
              : lenParam < 0 || lenParam > 256
                ? 'len-param'
                : undefined;
          if (reason === undefined) expect(decodeMessage(id, noise).param).to.have.length(lenParam);
          else expect(thrown(() => decodeMessage(id, noise))).to.include({ code: 'EBADMSG', reason });
        }),
      );
    });
  });
}

describe('encodeMessage', () => {
  for (const type of [-1, 4, 1.5, Number.NaN, '1', undefined, null, 1n]) {
    it(`refuses ${typeof type} ${String(type)} for a type`, () => {
      const error = thrown(() => encodeMessage('332/8', type as MpType, { name: 'a' }));
      expect(error.code).to.equal('EINVAL');
      expect(error.message).to.match(/use MpType.MSG, REQ, REP or IGN$/);
    });
  }

  it('refuses an IGN that carries anything', () => {
    const loads: readonly Partial<Message>[] = [
      { param: 'x' },
      { param: '' },
      { param: new Uint8Array(1) },
      { fds: [1] },
    ];
    for (const load of loads) {
      const error = thrown(() => encodeMessage('332/8', MpType.IGN, { name: 'a', ...load }));
      expect(error.code).to.equal('EINVAL');
      expect(error.message).to.match(/leave them out or send a REP$/);
    }
    expect(encodeMessage('332/8', MpType.IGN, { name: 'a', param: new Uint8Array(), fds: [] })[0]).to.equal(
      3,
    );
  });

  it('refuses an unknown dialect before it looks at the message', () => {
    const error = thrown(() => encodeMessage('999/9' as DialectId, MpType.MSG, { name: '' }));
    expect(error.message).to.contain("'999/9' is no wire dialect");
    expect(thrown(() => decodeMessage('999/9' as DialectId, new Uint8Array(332))).code).to.equal('EINVAL');
  });
});

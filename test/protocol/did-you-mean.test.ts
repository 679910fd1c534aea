import { expect } from 'chai';
import { didYouMean } from '../../protocol/did-you-mean.js';

describe('didYouMean', () => {
  it('names what differs in few characters, the nearest first', () => {
    expect(didYouMean('rtee', ['demo', 'rte', 'rtef'])).to.equal("did you mean 'rte' or 'rtef'?");
    expect(didYouMean('RTE', ['rte', 'rte'])).to.equal("did you mean 'rte'?");
    expect(didYouMean('tre', ['rte'])).to.equal(undefined);
  });

  it('names what contains the name, or is contained in it', () => {
    expect(didYouMean('pdump', ['RG_pdump', 'MP_pdump_pool'])).to.equal(
      "did you mean 'RG_pdump' or 'MP_pdump_pool'?",
    );
    expect(didYouMean('RG_pdump', ['pdump'])).to.equal("did you mean 'pdump'?");
    expect(didYouMean('zone', ['z', 'eth'])).to.equal(undefined);
  });

  it('names no more than three', () => {
    expect(didYouMean('zone0', ['zone1', 'zone2', 'zone3', 'zone4'])).to.equal(
      "did you mean 'zone1' or 'zone2' or 'zone3'?",
    );
    expect(didYouMean('rte', [])).to.equal(undefined);
  });
});

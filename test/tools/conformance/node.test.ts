// The checks against this package's channel, in both roles.
import { ALL_CHECKS } from '../../../tools/conformance/checks/index.js';
import { nodeSource } from './node-source.js';
import { testConformance } from './suite.js';

const ABOUT_OURS = ALL_CHECKS.filter(({ notForOurs }) => notForOurs === undefined);

/** Checks that depend on the length of datagrams, or on how many descriptors they carry. */
const DIALECT_CHECKS = ALL_CHECKS.filter(({ id }) => /^C(5|7|8|14|16|17|19|20|22|24|69)$/.test(id));

for (const role of ['primary', 'secondary'] as const) {
  describe(`conformance: Node ${role}`, () => {
    testConformance(role, () => nodeSource(role), ABOUT_OURS);
  });

  describe(`conformance: Node ${role}, dialect 340/253`, () => {
    testConformance(role, () => nodeSource(role, '340/253'), DIALECT_CHECKS);
  });
}

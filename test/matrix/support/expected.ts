// What the releases differ in, as far as an application sees it.
import { readSync } from 'node:fs';
import { expect } from 'chai';
import type { DialectId, MpChannel } from '../../../lib/index.js';
import type { Release } from '../../support/dpdk/releases.js';

interface Expected {
  readonly dialect: DialectId;
  readonly maxFds: number;
}

export const EXPECTED: Readonly<Record<Release, Expected>> = {
  '22.11': { dialect: '332/8', maxFds: 8 },
  '24.11': { dialect: '332/253', maxFds: 253 },
  '25.11': { dialect: '340/253', maxFds: 253 },
};

/** How many descriptors to send: none, some, what every release takes, and what this one takes. */
export function descriptorCounts(release: Release): number[] {
  return [...new Set([0, 1, 8, EXPECTED[release].maxFds])];
}

/** The channel knows whom it talks to. */
export function expectDialect(channel: MpChannel, release: Release): void {
  expect({ dialect: channel.dialect, maxFds: channel.maxFds }).to.deep.equal(EXPECTED[release]);
}

/** `count` texts, each another. */
export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

/** What the C peers put into the pipes that they send: one byte each, counting up. */
export function pipeBytes(count: number, first: number): number[] {
  return Array.from({ length: count }, (_, i) => (first + i) % 256);
}

/** The first byte in each of them. */
export function firstBytes(fds: readonly number[]): (number | undefined)[] {
  return fds.map((fd) => {
    const byte = Buffer.alloc(1);
    return readSync(fd, byte) === 1 ? byte[0] : undefined;
  });
}

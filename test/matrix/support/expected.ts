// Differences between the releases that an application sees.
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

/** Numbers of descriptors to send: none, one, the limit of every release, and the limit of this one. */
export function descriptorCounts(release: Release): number[] {
  return [...new Set([0, 1, 8, EXPECTED[release].maxFds])];
}

/** Expects the channel to have the dialect of this release. */
export function expectDialect(channel: MpChannel, release: Release): void {
  expect({ dialect: channel.dialect, maxFds: channel.maxFds }).to.deep.equal(EXPECTED[release]);
}

/** `count` different texts. */
export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

/** The bytes that the C peers put into the pipes that they send: one each, counting up. */
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

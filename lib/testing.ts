/**
 * For the tests of programs that use this library: channels that reach each other without sockets, runtime directory
 * or DPDK.
 *
 * @module
 */
import type { MpChannel } from './channel.js';
import { MemoryNames, MemoryTransport } from './memory-transport.js';
import { openOn } from './open.js';
import type { PrimaryOptions, SecondaryOptions } from './options.js';

/** A network of its own: channels of different networks, and of different file prefixes, never meet. */
export interface MemoryNetwork {
  /** As the package's `openPrimary`. */
  openPrimary(options?: PrimaryOptions): Promise<MpChannel>;
  /** As the package's `openSecondary`. `requestSync` gets answers of handlers that are synchronous. */
  openSecondary(options?: SecondaryOptions): Promise<MpChannel>;
}

/**
 * Makes a network in memory. Its channels behave as real ones do, queue limit, errors and descriptors included, but all
 * of them live in this thread.
 *
 * @example
 * const network = createMemoryNetwork();
 * await using primary = await network.openPrimary();
 * primary.registerAction('hello', () => ({ param: 'hi' }));
 * await using secondary = await network.openSecondary();
 * secondary.requestSync({ name: 'hello' }).msgs[0]?.text(); // 'hi'
 */
export function createMemoryNetwork(): MemoryNetwork {
  const names = new MemoryNames();
  const transport = (directory: string) => new MemoryTransport(names, directory);
  return {
    openPrimary: (options = {}) => openOn({ role: 'primary', given: options }, transport),
    openSecondary: (options = {}) => openOn({ role: 'secondary', given: options }, transport),
  };
}

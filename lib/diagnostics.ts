import { channel, tracingChannel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

/**
 * Event of the channels `dpdk-ipc:send` and `dpdk-ipc:receive` of `node:diagnostics_channel`: one datagram.
 *
 * @example
 * subscribe('dpdk-ipc:send', (event) => console.log((event as TrafficEvent).name));
 */
export interface TrafficEvent {
  /** Type of the datagram: 0 message, 1 request, 2 reply, 3 IGN. */
  readonly type: number;
  /** Name of the action. */
  readonly name: string;
  /** Path of the other end's socket; `undefined` if unknown. */
  readonly peer: string | undefined;
  /** How many descriptors travel with the datagram. */
  readonly fdCount: number;
}

/** Event of the channel `dpdk-ipc:drop`: one datagram or answer that was not used. */
export interface DropEvent {
  /** Why it was dropped: a key of `ChannelStats.dropped`. */
  readonly reason: string;
  /** Path of the sender's socket; `undefined` if unknown. */
  readonly peer: string | undefined;
  /** Text for a log: the message's name, or what was wrong with the datagram. */
  readonly detail: string;
}

/**
 * Context of the tracing channel `dpdk-ipc:request`: one request, from the call to its outcome.
 *
 * @example
 * tracingChannel('dpdk-ipc:request').error.subscribe((trace) => console.log((trace as RequestTrace).name));
 */
export interface RequestTrace {
  /** Name of the request. */
  readonly name: string;
  /** True for `requestSync`, false for `request`. */
  readonly sync: boolean;
}

/** The channels of `node:diagnostics_channel` that this package publishes to. */
export const diagnostics = {
  send: channel('dpdk-ipc:send'),
  receive: channel('dpdk-ipc:receive'),
  drop: channel('dpdk-ipc:drop'),
  request: tracingChannel<unknown, RequestTrace>('dpdk-ipc:request'),
};

/** Writes to stderr under `NODE_DEBUG=dpdk-ipc`. */
export const debug = debuglog('dpdk-ipc');

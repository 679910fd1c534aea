import { channel, tracingChannel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

/** What the `dpdk-ipc:send` and `dpdk-ipc:receive` channels of `node:diagnostics_channel` publish. */
export interface TrafficEvent {
  readonly type: number;
  readonly name: string;
  readonly peer: string | undefined;
  readonly fdCount: number;
}

/** What `dpdk-ipc:drop` publishes: `reason` is a key of `ChannelStats.dropped`. */
export interface DropEvent {
  readonly reason: string;
  readonly peer: string | undefined;
  readonly detail: string;
}

/** The context of the tracing channel `dpdk-ipc:request`. */
export interface RequestTrace {
  readonly name: string;
  readonly sync: boolean;
}

export const diagnostics = {
  send: channel('dpdk-ipc:send'),
  receive: channel('dpdk-ipc:receive'),
  drop: channel('dpdk-ipc:drop'),
  request: tracingChannel<unknown, RequestTrace>('dpdk-ipc:request'),
};

/** Writes to stderr under `NODE_DEBUG=dpdk-ipc`. */
export const debug = debuglog('dpdk-ipc');

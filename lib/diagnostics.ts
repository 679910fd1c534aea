import { channel, tracingChannel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

/** What the `dpdk-ipc:send` and `dpdk-ipc:receive` channels of `node:diagnostics_channel` publish. */
export interface TrafficEvent {
  /** 0 message, 1 request, 2 reply, 3 IGN. */
  readonly type: number;
  /** Of the action. */
  readonly name: string;
  /** The other end's socket, where known. */
  readonly peer: string | undefined;
  /** Descriptors that travel along. */
  readonly fdCount: number;
}

/** What `dpdk-ipc:drop` publishes: `reason` is a key of `ChannelStats.dropped`. */
export interface DropEvent {
  /** Why. */
  readonly reason: string;
  /** The sender's socket, where known. */
  readonly peer: string | undefined;
  /** For people: the name, or what was wrong. */
  readonly detail: string;
}

/** The context of the tracing channel `dpdk-ipc:request`. */
export interface RequestTrace {
  /** Of the request. */
  readonly name: string;
  /** By `requestSync`. */
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

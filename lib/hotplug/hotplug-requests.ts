import { EventEmitter } from 'node:events';
import {
  DEVICE_ACTION,
  DeviceRequestType,
  decodeDeviceRequest,
  decodeVdev,
  VDEV_ACTION,
  VdevType,
} from '../../protocol/eal/device.js';
import { type Actions, IGNORE } from '../actions/actions.js';

/** Event of a {@link Hotplug}: a device that the primary attaches or detaches in all its secondaries. */
export interface HotplugEvent {
  /** The device as the requester wrote it: `bus:name,arguments`. */
  readonly devargs: string;
}

/** Events that a {@link Hotplug} emits. */
export interface HotplugEvents {
  /** The primary has attached this device. */
  attach: [event: HotplugEvent];
  /** The primary is about to detach this device: the last moment to use its memory. */
  detach: [event: HotplugEvent];
  /** A process failed to attach this device, so the attach is undone everywhere. */
  attachRollback: [event: HotplugEvent];
  /** A process failed to detach this device, so the detach is undone everywhere. */
  detachRollback: [event: HotplugEvent];
}

const EVENT_NAMES = new Map<number, keyof HotplugEvents>([
  [DeviceRequestType.ATTACH, 'attach'],
  [DeviceRequestType.DETACH, 'detach'],
  [DeviceRequestType.ATTACH_ROLLBACK, 'attachRollback'],
  [DeviceRequestType.DETACH_ROLLBACK, 'detachRollback'],
]);

/**
 * A secondary's side of hotplug. The primary asks each secondary, waits 5 s for its answer, and undoes the change if one is
 * missing. This answers IGN, "don't count me", which C takes for success: a Node process has no drivers that could fail.
 */
export class HotplugRequests extends EventEmitter<HotplugEvents> {
  readonly #onError: (error: unknown) => void;
  /** One set of names for each {@link HotplugRequests.collectVdevs} that is under way. */
  readonly #collections = new Set<Set<string>>();

  constructor(onError: (error: unknown) => void) {
    super();
    this.#onError = onError;
  }

  /** Answers the primary from now on. Only a secondary gets these requests. */
  serve(actions: Actions): void {
    const register = (name: string, handle: (param: Uint8Array) => void) =>
      actions.registerBuiltIn(name, ({ param }) => {
        try {
          handle(param);
        } catch (error) {
          this.#onError(error);
        }
        return IGNORE;
      });
    register(DEVICE_ACTION, (param) => this.#announce(param));
    register(VDEV_ACTION, (param) => this.#collect(param));
  }

  /** Returns the names of virtual devices that the primary sends until `work` has settled. */
  async collectVdevs(work: (names: ReadonlySet<string>) => Promise<void>): Promise<string[]> {
    const names = new Set<string>();
    this.#collections.add(names);
    try {
      await work(names);
      return [...names];
    } finally {
      this.#collections.delete(names);
    }
  }

  #announce(param: Uint8Array): void {
    const { type, devargs } = decodeDeviceRequest(param);
    const name = EVENT_NAMES.get(type);
    if (name !== undefined) this.emit(name, Object.freeze({ devargs }));
  }

  /** Collects the names that the primary broadcasts, whichever secondary asked for them. C asks primaries only. */
  #collect(param: Uint8Array): void {
    if (this.#collections.size === 0) return;
    const { type, name } = decodeVdev(param);
    if (type === VdevType.SCAN_ONE) for (const names of this.#collections) names.add(name);
  }
}

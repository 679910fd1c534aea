import { EventEmitter } from 'node:events';
import {
  DEVICE_ACTION,
  type DeviceRequest,
  DeviceRequestType,
  decodeDeviceRequest,
} from '../../protocol/eal/device.js';
import { decodeVdev, VDEV_ACTION, VdevType } from '../../protocol/eal/vdev.js';
import { type Actions, type Handler, IGNORE } from '../actions/actions.js';

/** What the primary asks of all its secondaries. */
export interface HotplugEvent {
  /** The device, as whoever asked for it wrote it: `bus:name,arguments`. */
  readonly devargs: string;
}

/** What a {@link Hotplug} emits; see there. */
export interface HotplugEvents {
  /** The primary has attached this device. */
  attach: [event: HotplugEvent];
  /** It is about to detach this one. */
  detach: [event: HotplugEvent];
  /** Somebody failed: the attach is undone. */
  attachRollback: [event: HotplugEvent];
  /** Somebody failed: the detach is undone. */
  detachRollback: [event: HotplugEvent];
}

const EVENT_NAMES = new Map<number, keyof HotplugEvents>([
  [DeviceRequestType.ATTACH, 'attach'],
  [DeviceRequestType.DETACH, 'detach'],
  [DeviceRequestType.ATTACH_ROLLBACK, 'attachRollback'],
  [DeviceRequestType.DETACH_ROLLBACK, 'detachRollback'],
]);

/**
 * A secondary's side of hotplug: the primary asks each secondary, waits 5 s for its answer, and undoes everything if one
 * is missing. Ours is always IGN, "don't count me": C takes it for success, and it is no lie, for we have no drivers.
 */
export class HotplugRequests extends EventEmitter<HotplugEvents> {
  readonly #onError: (error: unknown) => void;
  /** Of everybody who is collecting names just now. */
  readonly #collections = new Set<Set<string>>();

  constructor(onError: (error: unknown) => void) {
    super();
    this.#onError = onError;
  }

  /** Answers the primary from now on. A primary is asked by no other process as one of many. */
  serve(actions: Actions): void {
    actions.registerBuiltIn(DEVICE_ACTION, this.#answer);
    actions.registerBuiltIn(VDEV_ACTION, this.#collect);
  }

  /** The names of virtual devices that the primary sends us until `work` has settled. */
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

  readonly #answer: Handler = ({ param }) => {
    try {
      this.#announce(decodeDeviceRequest(param));
    } catch (error) {
      this.#onError(error);
    }
    return IGNORE;
  };

  #announce({ type, devargs }: DeviceRequest): void {
    const name = EVENT_NAMES.get(type);
    if (name !== undefined) this.emit(name, Object.freeze({ devargs }));
  }

  /** Also after whatever secondary has asked; for a request, which C sends to primaries only, IGN. */
  readonly #collect: Handler = ({ param }) => {
    if (this.#collections.size === 0) return IGNORE;
    try {
      const { type, name } = decodeVdev(param);
      if (type === VdevType.SCAN_ONE) for (const names of this.#collections) names.add(name);
    } catch (error) {
      this.#onError(error);
    }
    return IGNORE;
  };
}

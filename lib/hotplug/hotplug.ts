import { EventEmitter } from 'node:events';
import {
  checkDevargs,
  DEVICE_ACTION,
  type DeviceRequest,
  DeviceRequestType,
  decodeDeviceRequest,
  decodeVdev,
  encodeDeviceRequest,
  encodeVdev,
  VDEV_ACTION,
  VdevType,
} from '../../protocol/eal/device.js';
import { MpError } from '../../protocol/errors.js';
import { errnoName } from '../../sys/errors.js';
import type { MpChannel, SendOptions } from '../channel.js';
import { MpTimeoutError } from '../errors.js';
import { DEFAULT_TIMEOUT_MS } from '../options.js';
import type { HotplugEvents } from './hotplug-requests.js';

/** A primary waits 5 s for a silent secondary, and 5 s more when it undoes what was done: then it answers. */
const DEFAULT_HOTPLUG_TIMEOUT_MS = 15_000;

/** A device of the primary. */
export interface Device {
  /** As in `net_null0`; what `detach` takes. */
  readonly name: string;
}

/**
 * Devices of a running C primary, as its secondary sees them. It emits what the primary asks of every secondary, before it
 * is answered: `'attach'` once the primary has the device, `'detach'` while it still has it (the last moment to use its
 * memory), `'attachRollback'` and `'detachRollback'` when somebody failed and it is undone. Requests of our own come back
 * so, too. A channel with `visibility: 'private'` hears nothing.
 */
export class Hotplug extends EventEmitter<HotplugEvents> {
  readonly #channel: MpChannel;

  /** @internal */
  constructor(channel: MpChannel) {
    super();
    this.#channel = channel;
    for (const name of ['attach', 'detach', 'attachRollback', 'detachRollback'] as const) {
      channel.hotplugRequests.on(name, (event) => this.emit(name, event));
    }
  }

  /**
   * `rte_dev_probe` of a secondary: has the primary attach a device, and every secondary of it. `devargs` is what EAL takes
   * after `--vdev` or `-a`, with or without its bus: `'net_null1,size=64'`, `'vdev:net_null1'`, `'0000:01:00.0'`. A device
   * that is there already is no error, as in C.
   *
   * Rejects with `EINVAL` or `E2BIG` for what C would cut, or crash from: nothing is sent. With what the primary answers:
   * `EFAULT` (no bus or driver knows it), `ENODEV` (not on its bus), `EPERM` (its driver refused), `EINVAL`, `ENOTSUP`,
   * `ENOMSG` (another secondary was silent: undone), or what another secondary failed with. `ENOTSUP` also for a Node
   * primary; otherwise as `MpChannel.request`. The timeout is 15,000 ms unless given: C's 5,000 would miss the answer of a
   * primary that waits for a silent secondary.
   *
   * @example
   * await hotplug(channel).attach('vdev:net_null1');
   */
  async attach(devargs: string, options: SendOptions = {}): Promise<void> {
    await this.#ask('attach', devargs, options);
  }

  /**
   * `rte_dev_remove` of a secondary: has every process detach the device, the primary last. Takes its name, or the devargs
   * that it was attached with. Its ports should be stopped.
   *
   * Rejects as {@link Hotplug.attach}; `ENOENT`: there is no such device.
   *
   * @example
   * await hotplug(channel).detach('net_null1');
   */
  async detach(devargs: string, options: SendOptions = {}): Promise<void> {
    await this.#ask('detach', devargs, options);
  }

  /**
   * The primary's virtual devices: what it tells every secondary that starts. `rte_mp` has no list of others, such as PCI
   * devices. Every secondary hears the names again, as whenever another one starts; a C one adds to its own list, without
   * a driver, those that only the primary has.
   *
   * Rejects with `ENOTSUP` on a primary, on a private channel (the names are broadcast), and for a primary without the
   * vdev bus or of Node; `ETIMEDOUT` also for a C primary without that bus, which answers nothing; `EAGAIN` when names
   * were missing; otherwise as `MpChannel.request`.
   *
   * @example
   * for (const { name } of await hotplug(channel).list()) console.log(name);
   */
  async list({ timeoutMs = DEFAULT_TIMEOUT_MS, signal }: SendOptions = {}): Promise<Device[]> {
    const channel = this.#secondary();
    if (channel.socketPath === undefined) {
      const message =
        "The names of devices are broadcast: open the channel with visibility 'peer' to list them";
      throw new MpError('ENOTSUP', message);
    }
    const names = await channel.hotplugRequests.collectVdevs((heard) =>
      scan(channel, heard, timeoutMs, signal),
    );
    return names.map((name) => ({ name }));
  }

  async #ask(verb: 'attach' | 'detach', devargs: string, options: SendOptions): Promise<void> {
    const { timeoutMs = DEFAULT_HOTPLUG_TIMEOUT_MS, signal } = options;
    const channel = this.#secondary();
    checkDevargs(devargs);
    const type = verb === 'attach' ? DeviceRequestType.ATTACH : DeviceRequestType.DETACH;
    const param = encodeDeviceRequest({ type, devargs });
    try {
      using reply = await channel.request({ name: DEVICE_ACTION, param }, { timeoutMs, signal });
      const [answer] = reply.msgs;
      if (answer === undefined) throw noHotplug(`${verb} devices`);
      const answered = decodeDeviceRequest(answer.param);
      if (answered.result !== 0) throw refusal(verb, devargs, answered);
    } catch (error) {
      throw explained(error, silentOn(verb, devargs));
    }
  }

  #secondary(): MpChannel {
    if (this.#channel.role === 'secondary') return this.#channel;
    throw new MpError(
      'ENOTSUP',
      'A Node primary has no devices: ask a C primary, on a channel of openSecondary',
    );
  }
}

/** Has the primary send the names of its virtual devices to all secondaries. */
async function scan(
  channel: MpChannel,
  heard: ReadonlySet<string>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const param = encodeVdev({ type: VdevType.SCAN_REQ });
  try {
    using reply = await channel.request({ name: VDEV_ACTION, param }, { timeoutMs, signal });
    const [answer] = reply.msgs;
    if (answer === undefined) throw noHotplug('list devices');
    // they were sent before the answer, so they have been handled before it
    const { num } = decodeVdev(answer.param);
    if (heard.size >= num) return;
    throw new MpError(
      'EAGAIN',
      `The primary has ${num} devices, and the names of ${heard.size} arrived: try again`,
    );
  } catch (error) {
    throw explained(error, SILENT_ON_LIST);
  }
}

const hotplugs = new WeakMap<MpChannel, Hotplug>();

/**
 * Attaches, detaches and lists devices of the C primary that `channel` is a secondary of [`rte_dev_probe`,
 * `rte_dev_remove`, `rte_dev_event_callback_register`]; always the same object for one channel. Its listeners live as long
 * as the channel. On a primary every method rejects with `ENOTSUP`.
 *
 * @example
 * const devices = hotplug(channel);
 * devices.on('detach', ({ devargs }) => console.log('about to go:', devargs));
 * await devices.attach('vdev:net_null1');
 */
export function hotplug(channel: MpChannel): Hotplug {
  const known = hotplugs.get(channel);
  if (known !== undefined) return known;
  const made = new Hotplug(channel);
  hotplugs.set(channel, made);
  return made;
}

type Verb = 'attach' | 'detach';

/** What C answers with when, and what to do then. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the primary has no such device: list those that it has',
  ENODEV:
    'its bus has no such device: check the name or address, and that the primary may use that bus (--no-pci)',
  EFAULT:
    'no bus or driver there knows it: check the spelling, and that the driver is loaded (EAL option -d)',
  EINVAL: 'the primary takes it for malformed: check the name and the arguments',
  ENOTSUP: 'its bus or driver has no hotplug: give the device to the primary when it starts',
  EPERM: "its driver refused it: check the arguments; the primary's log tells more",
};
const SILENT =
  'another secondary did not answer within 5 s, so it was undone: end or repair that process, and try again';
const UNDONE = 'a process of the prefix could not, so it was undone in all of them: see their logs';

/** The answer of a primary that could not do it. */
function refusal(verb: Verb, devargs: string, { type, result }: DeviceRequest): MpError {
  const errno = Math.abs(result);
  const code = errnoName(errno);
  const isUndone = type === DeviceRequestType.ATTACH_ROLLBACK || type === DeviceRequestType.DETACH_ROLLBACK;
  const reason = isUndone ? UNDONE : (REASONS[code] ?? "see the primary's log");
  const message = `Can't ${verb} '${devargs}' (${code}): ${code === 'ENOMSG' ? SILENT : reason}`;
  return new MpError(code, message, { errno });
}

/** A primary that answers IGN, or nothing: as C's does where it has no such action. */
function noHotplug(what: string): MpError {
  return new MpError(
    'ENOTSUP',
    `The primary can't ${what}: it answers "don't count me". It is no C process, or still starting: try again later`,
  );
}

/** What asking ended with; where nobody answered in time, what that may mean. */
function explained(error: unknown, meaning: string): unknown {
  const isUnanswered = error instanceof MpTimeoutError && error.reply.nbSent > 0;
  return isUnanswered ? new MpTimeoutError(meaning, error.path, error.reply) : error;
}

/** Of a request that was sent: it may have been carried out all the same. */
function silentOn(verb: Verb, devargs: string): string {
  return (
    `No answer to ${verb} '${devargs}' in time; it may still be carried out. A primary that waits for a silent ` +
    'secondary answers after 10 s: give a longer timeoutMs, and list the devices to see'
  );
}

const SILENT_ON_LIST =
  'The primary did not name its devices in time. One without the vdev bus answers nothing: load it there ' +
  '(EAL option -d librte_bus_vdev.so), or give a longer timeoutMs';

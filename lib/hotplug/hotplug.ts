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
import type { Message } from '../../protocol/message.js';
import { errnoName } from '../../sys/errors.js';
import type { MpChannel, SendOptions } from '../channel.js';
import { MpTimeoutError } from '../errors.js';
import { DEFAULT_TIMEOUT_MS } from '../options.js';
import type { HotplugEvents } from './hotplug-requests.js';

/**
 * Default timeout in milliseconds. A primary answers after 10 s if a secondary is silent: it waits 5 s, and 5 s to undo
 * the change.
 */
const DEFAULT_HOTPLUG_TIMEOUT_MS = 15_000;

/** A device of the primary. */
export interface Device {
  /** Name of the device, such as `net_null0`, which `detach` takes. */
  readonly name: string;
}

type Verb = 'attach' | 'detach';

/**
 * Devices of a running C primary, as its secondary sees them. It emits the primary's requests to all secondaries, before it
 * answers them: `'attach'` once the primary has the device; `'detach'` while the primary still has it, which is the last
 * moment to use its memory; `'attachRollback'` and `'detachRollback'` when a process failed and the change is undone. The
 * events follow this object's own requests, too. With `visibility: 'private'` there are no events.
 *
 * @example
 * hotplug(channel).on('detach', ({ devargs }) => console.log('about to go:', devargs));
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
   * Attaches a device in the primary and all its secondaries: `rte_dev_probe` of a secondary. `devargs` is the argument of
   * EAL's `--vdev` or `-a`, with or without the bus: `'net_null1,size=64'`, `'vdev:net_null1'`, `'0000:01:00.0'`. Attaching a
   * device again is no error, as in C. The default timeout is 15,000 ms: C's 5,000 ms would miss the answer of a primary that
   * waits for a silent secondary.
   *
   * Rejects with `EINVAL` or `E2BIG` for devargs that C would cut or crash from; then nothing is sent. Rejects with the
   * primary's answer: `EFAULT` if no bus or driver knows the device, `ENODEV` if its bus doesn't have it, `EPERM` if its driver
   * refused, `EINVAL`, `ENOTSUP`, `ENOMSG` if another secondary was silent and the change was undone, or the errno of another
   * secondary. Rejects with `ENOTSUP` for a Node primary, and with the errors of `MpChannel.request`.
   *
   * @example
   * await hotplug(channel).attach('vdev:net_null1');
   */
  async attach(devargs: string, options: SendOptions = {}): Promise<void> {
    await this.#change('attach', devargs, options);
  }

  /**
   * Detaches a device in all secondaries, then in the primary: `rte_dev_remove` of a secondary. `devargs` is its name, or the
   * devargs that it was attached with. Stop its ports first.
   *
   * Rejects with `ENOENT` if there is no such device, and with the errors of {@link Hotplug.attach}.
   *
   * @example
   * await hotplug(channel).detach('net_null1');
   */
  async detach(devargs: string, options: SendOptions = {}): Promise<void> {
    await this.#change('detach', devargs, options);
  }

  /**
   * Lists the primary's virtual devices, which it sends to every secondary that starts. DPDK's IPC has no list of others, such
   * as PCI devices. The primary broadcasts the names, so all secondaries get them again, as they do whenever another one
   * starts; a C secondary adds unknown devices to its own list, without a driver.
   *
   * Rejects with `ENOTSUP` on a primary, on a private channel, and if the primary is a Node process or answers IGN; `ETIMEDOUT`
   * also if a C primary has no vdev bus, because it doesn't answer then; `EAGAIN` if names were missing; and with the errors of
   * `MpChannel.request`.
   *
   * @example
   * for (const { name } of await hotplug(channel).list()) console.log(name);
   */
  async list({ timeoutMs = DEFAULT_TIMEOUT_MS, signal }: SendOptions = {}): Promise<Device[]> {
    const channel = this.#secondary();
    if (channel.socketPath === undefined) {
      const message =
        "The primary broadcasts the names of devices: open the channel with visibility 'peer' to list them";
      throw new MpError('ENOTSUP', message);
    }
    const message = { name: VDEV_ACTION, param: encodeVdev({ type: VdevType.SCAN_REQ }) };
    const names = await channel.hotplugRequests.collectVdevs(async (heard) => {
      const param = await ask(channel, message, { timeoutMs, signal }, 'list devices', NO_NAMES_MESSAGE);
      // the primary sends the names before its answer, so they have been handled already
      const { num } = decodeVdev(param);
      if (heard.size >= num) return;
      const problem = `The primary has ${num} devices, and the names of ${heard.size} arrived: try again`;
      throw new MpError('EAGAIN', problem);
    });
    return names.map((name) => ({ name }));
  }

  async #change(verb: Verb, devargs: string, options: SendOptions): Promise<void> {
    const { timeoutMs = DEFAULT_HOTPLUG_TIMEOUT_MS, signal } = options;
    const channel = this.#secondary();
    checkDevargs(devargs);
    const type = verb === 'attach' ? DeviceRequestType.ATTACH : DeviceRequestType.DETACH;
    const message = { name: DEVICE_ACTION, param: encodeDeviceRequest({ type, devargs }) };
    const noAnswer = noAnswerMessage(verb, devargs);
    const param = await ask(channel, message, { timeoutMs, signal }, `${verb} devices`, noAnswer);
    const answer = decodeDeviceRequest(param);
    if (answer.result !== 0) throw refusalError(verb, devargs, answer);
  }

  #secondary(): MpChannel {
    if (this.#channel.role === 'secondary') return this.#channel;
    throw new MpError(
      'ENOTSUP',
      'A Node primary has no devices: call this on a channel of openSecondary to a C primary',
    );
  }
}

const hotplugs = new WeakMap<MpChannel, Hotplug>();

/**
 * Returns the object that attaches, detaches and lists the devices of a secondary's C primary: `rte_dev_probe`,
 * `rte_dev_remove`, `rte_dev_event_callback_register`. It is always the same object for one channel, and its listeners live as
 * long as the channel. On the channel of a primary every method rejects with `ENOTSUP`.
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

/**
 * Asks the primary and returns the param of its answer. Rejects with `ENOTSUP` if it answers IGN to a request to do `what`;
 * the error for a request that was sent and not answered has the message `noAnswer`.
 */
async function ask(
  channel: MpChannel,
  message: Message,
  options: SendOptions,
  what: string,
  noAnswer: string,
): Promise<Uint8Array> {
  try {
    using reply = await channel.request(message, options);
    const [answer] = reply.msgs;
    if (answer !== undefined) return answer.param;
  } catch (error) {
    const isUnanswered = error instanceof MpTimeoutError && error.reply.nbSent > 0;
    throw isUnanswered ? new MpTimeoutError(noAnswer, error.path, error.reply) : error;
  }
  throw new MpError(
    'ENOTSUP',
    `The primary can't ${what}: it answers "don't count me". It is no C process, or still starting: use a C primary, or try again later`,
  );
}

/** Why a C primary answers with an errno, and what to do then. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the primary has no such device: list those that it has',
  ENODEV:
    'its bus has no such device: check the name or address, and that the primary may use that bus (--no-pci)',
  EFAULT:
    'no bus or driver there knows it: check the spelling, and that the driver is loaded (EAL option -d)',
  EINVAL: 'the primary finds it malformed: check the name and the arguments',
  ENOTSUP: 'its bus or driver has no hotplug: give the device to the primary when it starts',
  EPERM: "its driver refused it: check the arguments, and see the primary's log",
};
const SILENT =
  'another secondary did not answer within 5 s, so the change was undone: end or repair that process, and try again';
const UNDONE = 'a process of the prefix failed, so the change was undone in all of them: see their logs';

/** Error for a primary's answer with an errno. */
function refusalError(verb: Verb, devargs: string, { type, result }: DeviceRequest): MpError {
  const errno = Math.abs(result);
  const code = errnoName(errno);
  const isUndone = type === DeviceRequestType.ATTACH_ROLLBACK || type === DeviceRequestType.DETACH_ROLLBACK;
  const reason = isUndone ? UNDONE : (REASONS[code] ?? "see the primary's log");
  const message = `Can't ${verb} '${devargs}' (${code}): ${code === 'ENOMSG' ? SILENT : reason}`;
  return new MpError(code, message, { errno });
}

function noAnswerMessage(verb: Verb, devargs: string): string {
  return (
    `No answer to ${verb} '${devargs}' in time; the request may still be carried out. A primary that waits for a silent ` +
    'secondary answers after 10 s: give a longer timeoutMs, and list the devices to see the result'
  );
}

const NO_NAMES_MESSAGE =
  'The primary did not name its devices in time. A primary without the vdev bus does not answer: load it there ' +
  '(EAL option -d librte_bus_vdev.so), or give a longer timeoutMs';

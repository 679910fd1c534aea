import { type DeviceRequest, DeviceRequestType } from '../../protocol/eal/device.js';
import { MpError } from '../../protocol/errors.js';
import { errnoName } from '../../sys/errno.js';
import { MpTimeoutError } from '../timeout-error.js';

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
export function refusal(verb: Verb, devargs: string, { type, result }: DeviceRequest): MpError {
  const errno = Math.abs(result);
  const code = errnoName(errno);
  const isUndone = type === DeviceRequestType.ATTACH_ROLLBACK || type === DeviceRequestType.DETACH_ROLLBACK;
  const reason = isUndone ? UNDONE : (REASONS[code] ?? "see the primary's log");
  const message = `Can't ${verb} '${devargs}' (${code}): ${code === 'ENOMSG' ? SILENT : reason}`;
  return new MpError(code, message, { errno });
}

/** A primary that answers IGN, or nothing: as C's does where it has no such action. */
export function noHotplug(what: string): MpError {
  return new MpError(
    'ENOTSUP',
    `The primary can't ${what}: it answers "don't count me". It is no C process, or still starting: try again later`,
  );
}

/** What asking ended with; where nobody answered in time, what that may mean. */
export function explained(error: unknown, meaning: string): unknown {
  const isUnanswered = error instanceof MpTimeoutError && error.reply.nbSent > 0;
  return isUnanswered ? new MpTimeoutError(meaning, error.path, error.reply) : error;
}

/** Of a request that was sent: it may have been carried out all the same. */
export function silentOn(verb: Verb, devargs: string): string {
  return (
    `No answer to ${verb} '${devargs}' in time; it may still be carried out. A primary that waits for a silent ` +
    'secondary answers after 10 s: give a longer timeoutMs, and list the devices to see'
  );
}

export const SILENT_ON_LIST =
  'The primary did not name its devices in time. One without the vdev bus answers nothing: load it there ' +
  '(EAL option -d librte_bus_vdev.so), or give a longer timeoutMs';

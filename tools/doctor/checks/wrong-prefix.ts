import { dirname } from 'node:path';
import { didYouMean } from '../../../protocol/did-you-mean.js';
import { PRIMARY_SOCKET } from '../../../protocol/paths.js';
import { ownerOf } from '../../../sys/proc.js';
import { boundSockets } from '../../../sys/unix-sockets.js';
import { findInstances, identityOf, type UnreadableDir } from '../../instances/find.js';
import { type Instance, isAlive } from '../../instances/inspect.js';
import type { DoctorCheck, Target } from '../doctor-check.js';

const MOST_LISTED = 4;

/** Finds no primary under this prefix, and suggests a similar prefix or another directory. */
export const wrongPrefix: DoctorCheck = async (target) => {
  const { filePrefix, runtimeDir, inspection, env, uid } = target;
  if (inspection !== undefined) return undefined;
  const { instances, unreadable } = await findInstances({ probe: false, env, uid });
  const evidence = [
    describeDirectory(target),
    describeInstances(instances),
    ...unreadable.slice(0, MOST_LISTED).map(describeUnreadable),
  ];
  return {
    what: `There is no primary of prefix '${filePrefix}' in ${runtimeDir}`,
    evidence: evidence.join('; '),
    fix:
      otherDirectory(target, instances) ??
      otherPrefix(filePrefix, instances) ??
      (unreadable.length > 0
        ? "Run as the primary's user, or start a primary as this user"
        : `Start the primary with --file-prefix ${filePrefix}, or give the prefix that it has`),
  };
};

function describeDirectory({ directory }: Target): string {
  if (identityOf(directory) === undefined) return `${directory} does not exist`;
  return `${directory} has no config and no ${PRIMARY_SOCKET}`;
}

function describeInstances(instances: readonly Instance[]): string {
  if (instances.length === 0) return 'no other primary was found';
  const listed = livingFirst(instances).slice(0, MOST_LISTED);
  const more = instances.length > listed.length ? ` and ${instances.length - listed.length} more` : '';
  const texts = listed.map(
    ({ filePrefix, runtimeDir, state }) => `'${filePrefix}' in ${runtimeDir} (${state})`,
  );
  return `found: ${texts.join(', ')}${more}`;
}

function describeUnreadable({ path, owner }: UnreadableDir): string {
  return `${path} belongs to ${owner ?? 'another user'} and can not be read`;
}

/** Suggests the directory that has the same prefix. The kernel lists its socket even where this user can't look. */
function otherDirectory(
  { filePrefix, isRuntimeDirChosen }: Target,
  instances: readonly Instance[],
): string | undefined {
  const end = `/${filePrefix}/${PRIMARY_SOCKET}`;
  const bound = boundSockets().find(({ path }) => path.endsWith(end));
  const dir =
    bound === undefined
      ? instances.find((instance) => instance.filePrefix === filePrefix)?.runtimeDir
      : dirname(dirname(bound.path));
  if (dir === undefined) return undefined;
  const owner = ownerOf(`${dir}/${filePrefix}`) ?? ownerOf(dir);
  const user = owner === undefined ? 'another user' : `user ${owner}`;
  return `It is in ${dir}, of ${user}: ${isRuntimeDirChosen ? 'give' : 'run as that user, and give'} --runtime-dir ${dir}`;
}

/** Suggests a similar prefix, one of a live primary first; or that of the only live primary. */
function otherPrefix(filePrefix: string, instances: readonly Instance[]): string | undefined {
  const alive = instances.filter(isAlive);
  const prefixes = (some: readonly Instance[]) => some.map((instance) => instance.filePrefix);
  const hint =
    didYouMean(filePrefix, prefixes(alive)) ?? didYouMean(filePrefix, prefixes(livingFirst(instances)));
  if (hint !== undefined) return `${hint.charAt(0).toUpperCase()}${hint.slice(1)} Give it with --file-prefix`;
  return alive.length === 1
    ? `Give the prefix of the only one that runs: --file-prefix ${alive[0]?.filePrefix}`
    : undefined;
}

function livingFirst(instances: readonly Instance[]): readonly Instance[] {
  return [...instances].sort((a, b) => Number(isAlive(b)) - Number(isAlive(a)));
}

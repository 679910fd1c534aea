import { dirname } from 'node:path';
import { PRIMARY_SOCKET } from '../../../protocol/paths.js';
import { ownerOf } from '../../../sys/proc.js';
import { boundSockets } from '../../../sys/unix-sockets.js';
import { didYouMean } from '../../instances/did-you-mean.js';
import { identityOf } from '../../instances/find.js';
import { type Instance, isAlive, type UnreadableDir } from '../../instances/inspect.js';
import type { DoctorCheck } from '../finding.js';
import type { Patient } from '../patient.js';

/** Nothing under this prefix, but something like it, or in another directory: another user's, most likely. */
export const wrongPrefix: DoctorCheck = {
  id: 'wrong-prefix',
  async run(patient) {
    const { filePrefix, runtimeDir, inspection } = patient;
    if (inspection !== undefined) return undefined;
    const { instances, unreadable } = await patient.others();
    return {
      severity: 'error',
      what: `There is no primary of prefix '${filePrefix}' in ${runtimeDir}`,
      evidence: [hereIs(patient), othersAre(instances), ...unreadable.slice(0, MOST_NAMED).map(inWords)].join(
        '; ',
      ),
      fix:
        elsewhere(patient, instances) ?? suggestion(filePrefix, instances) ?? atLast(filePrefix, unreadable),
    };
  },
};

function hereIs({ directory }: Patient): string {
  if (identityOf(directory) === undefined) return `${directory} does not exist`;
  return `${directory} has no config and no ${PRIMARY_SOCKET}`;
}

const MOST_NAMED = 4;

function othersAre(instances: readonly Instance[]): string {
  if (instances.length === 0) return 'no other primary was found';
  const named = livingFirst(instances).slice(0, MOST_NAMED);
  const more = instances.length > named.length ? ` and ${instances.length - named.length} more` : '';
  const words = named.map(
    ({ filePrefix, runtimeDir, state }) => `'${filePrefix}' in ${runtimeDir} (${state})`,
  );
  return `found: ${words.join(', ')}${more}`;
}

function inWords({ path, owner }: UnreadableDir): string {
  return `${path} belongs to ${owner ?? 'another user'} and can not be read`;
}

/** The same prefix in another directory, though it may not be ours to enter: who is bound where is told to all. */
function elsewhere({ filePrefix, isDirGiven }: Patient, instances: readonly Instance[]): string | undefined {
  const end = `/${filePrefix}/${PRIMARY_SOCKET}`;
  const bound = boundSockets().find(({ path }) => path.endsWith(end));
  const dir =
    bound === undefined
      ? instances.find((instance) => instance.filePrefix === filePrefix)?.runtimeDir
      : dirname(dirname(bound.path));
  if (dir === undefined) return undefined;
  const owner = ownerOf(`${dir}/${filePrefix}`) ?? ownerOf(dir);
  const whose = owner === undefined ? 'another user' : `user ${owner}`;
  return `It is in ${dir}, of ${whose}: ${isDirGiven ? 'give' : 'run as that user, and give'} --runtime-dir ${dir}`;
}

function suggestion(filePrefix: string, instances: readonly Instance[]): string | undefined {
  const sorted = livingFirst(instances);
  const alive = sorted.filter(isAlive);
  const names = (some: readonly Instance[]) => some.map((instance) => instance.filePrefix);
  const hint = didYouMean(filePrefix, names(alive)) ?? didYouMean(filePrefix, names(sorted));
  if (hint !== undefined) return `${hint.charAt(0).toUpperCase()}${hint.slice(1)} Give it with --file-prefix`;
  const [only, ...rest] = alive;
  return only === undefined || rest.length > 0
    ? undefined
    : `Give the prefix of the one that runs: --file-prefix ${only.filePrefix}`;
}

function atLast(filePrefix: string, unreadable: readonly UnreadableDir[]): string {
  return unreadable.length > 0
    ? "Run as the primary's user, or start one as ours"
    : `Start the primary with --file-prefix ${filePrefix}, or give the one that it has`;
}

function livingFirst(instances: readonly Instance[]): readonly Instance[] {
  return [...instances].sort((a, b) => Number(isAlive(b)) - Number(isAlive(a)));
}

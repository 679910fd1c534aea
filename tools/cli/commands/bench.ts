import { setImmediate as turn } from 'node:timers/promises';
import type { Command } from 'commander';
import type { MpChannel } from '../../../lib/channel.js';
import { encodeVdev, VDEV_ACTION, VdevType } from '../../../protocol/eal/device.js';
import { MpError } from '../../../protocol/errors.js';
import { type Message, MP_MAX_PARAM_LEN } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import { inspect } from '../../instances/inspect.js';
import { openChannel } from '../message-options.js';
import {
  type PrefixOptions,
  parseBytes,
  parseCount,
  withDialect,
  withJson,
  withPrefix,
  withTime,
} from '../options.js';
import { Progress, paint, print, printJson } from '../output.js';

interface Options extends PrefixOptions {
  readonly action?: string;
  readonly size: number;
  readonly count: number;
  readonly timeout: number;
}

const ABOUT = `Sends the primary requests one after the other, as rte_mp_request_sync does, and
prints how long they took. Name an action that answers at once and changes nothing,
such as one that echoes.

Without --action it requests the list of virtual devices (bus_vdev_mp), which every C
primary with the vdev bus answers, and which changes nothing. The primary also sends
each device to its secondaries, though: if it has any, name an action.`;

const EXAMPLES = `
Examples:
  $ dpdk-ipc bench
  $ dpdk-ipc bench --action echo --size 256 --count 100000

Exit status: 0 measured, 2 not measured.`;

/** Adds `bench`. */
export function addCommand(program: Command): void {
  const command = program
    .command('bench')
    .description(ABOUT)
    .option('--action <name>', 'the action to request')
    .option('--size <bytes>', 'length of the param, up to 256', parseBytes, 16)
    .option('--count <n>', 'how many requests', parseCount, 10_000);
  withTime(withJson(withDialect(withPrefix(command))), 'how long to wait for each answer', 5_000)
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { count, timeout, json, action, size } = options;
  await using channel = await openChannel(options);
  const message = messageOf(options, channel);
  const micros = summary(await measure(channel, message, count, timeout));
  if (json) printJson({ action: message.name, size: action === undefined ? undefined : size, count, micros });
  else print(report(message.name, count, micros));
}

function messageOf({ action, size, filePrefix }: Options, channel: MpChannel): Message {
  if (size > MP_MAX_PARAM_LEN)
    throw new MpError('E2BIG', `--size ${size}: a param has at most ${MP_MAX_PARAM_LEN} bytes`);
  if (action !== undefined) return { name: action, param: new Uint8Array(size) };
  const path = channel.peers()[0]?.path;
  const runtimeDir = path?.slice(0, path.lastIndexOf(`/${filePrefix}/`));
  const others = (runtimeDir && inspect(runtimeDir, filePrefix)?.secondaries.alive.length) || 0;
  if (others > 0) {
    throw new MpError(
      'EBUSY',
      `The primary has ${others === 1 ? 'a secondary' : `${others} secondaries`}, and would send it every virtual device at each request: name another action with --action`,
    );
  }
  return { name: VDEV_ACTION, param: encodeVdev({ type: VdevType.SCAN_REQ }) };
}

/** Requests that are not measured: by then the code is compiled and the sockets exist. */
const WARM_UP = 1_000;
/** A synchronous request blocks the thread: the event loop gets a turn this often, for Ctrl-C. */
const TURN_EVERY_MS = 50;

async function measure(
  channel: MpChannel,
  message: Message,
  count: number,
  timeoutMs: number,
): Promise<Float64Array> {
  using progress = new Progress();
  const warmUp = Math.min(WARM_UP, count);
  const micros = new Float64Array(count);
  let lastTurn = nowMs();
  for (let i = -warmUp; i < count; i++) {
    const start = nowMs();
    const reply = channel.requestSync(message, { timeoutMs });
    const end = nowMs();
    if (reply.nbReceived === 0) {
      throw new MpError(
        'EOPNOTSUPP',
        `The primary answers '${message.name}' with IGN, "don't count me": name an action that it has with --action`,
      );
    }
    reply[Symbol.dispose]();
    if (i >= 0) micros[i] = (end - start) * 1_000;
    if (end - lastTurn < TURN_EVERY_MS) continue;
    progress.show(`${Math.max(i, 0)} of ${count} requests`);
    await turn();
    lastTurn = nowMs();
  }
  return micros;
}

type Summary = Readonly<Record<'min' | 'p50' | 'p90' | 'p99' | 'max', number>>;

function summary(micros: Float64Array): Summary {
  const sorted = micros.sort();
  const at = (share: number) => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return Math.round(value * 10) / 10;
  };
  return { min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

function report(name: string, count: number, numbers: Summary): string {
  const lines = Object.entries(numbers).map(
    ([what, micros]) => `  ${what}  ${micros.toFixed(1).padStart(9)} µs`,
  );
  return [`${count} requests '${paint('bold', name)}', one after the other:`, ...lines].join('\n');
}

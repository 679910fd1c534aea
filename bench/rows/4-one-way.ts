import type { MpChannel } from '../../lib/index.js';
import { median } from '../harness/histogram.js';
import { progress } from '../harness/progress.js';
import type { Measure } from '../harness/result.js';
import { PARAM_SIZES, type Row, type Stage } from '../harness/stage.js';
import { p50, place } from '../harness/turns.js';

const NODE_TO_C = 'Node to C';
const C_TO_NODE = 'C to Node';
const C_TO_C = 'C to C';
/** How many messages Node sends before it waits for their promises. */
const BATCH = 64;

interface Sender {
  readonly name: string;
  /** Sends `count` messages, and returns the nanoseconds until the receiver has handled the last one. */
  send(count: number, size: number): Promise<number>;
}

export const oneWay: Row = {
  number: 4,
  title: 'One-way messages',
  method:
    'The sender measures the time from the first message to the answer to a request that it sends after the last one: by ' +
    `then the receiver has handled all. Node sends ${BATCH} at a time and waits for their promises.`,

  async measure(stage) {
    await using channel = await stage.openChannel();
    const toPrimary: Sender[] = [
      { name: NODE_TO_C, send: (count, size) => floodFromNode(channel, count, size) },
      { name: C_TO_C, send: (count, size) => floodFromC(stage.secondary, count, size) },
    ];
    const measures: Measure[] = [];
    for (const size of PARAM_SIZES) measures.push(...(await rates(stage, toPrimary, 'to the primary', size)));
    await using answerers = await stage.openAnswerers(); // from now on the primary sees one of them at a time
    const whileShown = (name: string, { before, after }: typeof answerers.node): Sender => ({
      name,
      send: async (count, size) => {
        await before();
        const time = await floodFromC(stage.primary, count, size);
        await after();
        return time;
      },
    });
    const toSecondary = [whileShown(C_TO_NODE, answerers.node), whileShown(C_TO_C, answerers.c)];
    for (const size of PARAM_SIZES)
      measures.push(...(await rates(stage, toSecondary, 'to a secondary', size)));
    const verdict = (what: string, direction: string, node: string) => ({
      what,
      value: p50(measures, variantOf(direction, 16), node) / p50(measures, variantOf(direction, 16), C_TO_C),
      bar: { kind: 'at least' as const, limit: 0.8 },
    });
    return {
      measures,
      verdicts: [
        verdict('messages/s, Node to C against C to C, 16 B', 'to the primary', NODE_TO_C),
        verdict('messages/s, C to Node against C to C, 16 B', 'to a secondary', C_TO_NODE),
      ],
    };
  },
};

function variantOf(direction: string, size: number): string {
  return `${direction}, ${size} B`;
}

async function rates(
  stage: Stage,
  senders: readonly Sender[],
  direction: string,
  size: number,
): Promise<Measure[]> {
  const { messages, rounds } = stage.sizes;
  const count = Math.ceil(messages / rounds);
  const found = new Map<Sender, number[]>(senders.map((sender) => [sender, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [sender, all] of found) {
      progress(`one-way, ${direction}, ${size} B, round ${round} of ${rounds}: ${sender.name}`);
      await sender.send(Math.ceil(count / 10), size);
      all.push((count / (await sender.send(count, size))) * 1e9);
    }
  }
  return [...found].map(([{ name }, all]) => ({
    contender: name,
    variant: variantOf(direction, size),
    unit: 'messages/s',
    count: messages,
    p50: median(all),
  }));
}

async function floodFromNode(channel: MpChannel, count: number, size: number): Promise<number> {
  const message = { name: 'sink', param: new Uint8Array(size) };
  place('main');
  const start = performance.now();
  for (let sent = 0; sent < count; sent += BATCH) {
    const batch = Math.min(BATCH, count - sent);
    await Promise.all(Array.from({ length: batch }, () => channel.sendMessage(message)));
  }
  channel.requestSync({ name: 'echo', param: message.param });
  const time = (performance.now() - start) * 1e6;
  place('anywhere');
  return time;
}

async function floodFromC(from: Stage['primary'], count: number, size: number): Promise<number> {
  return Number(await from.command(`flood ${count} ${size}`));
}

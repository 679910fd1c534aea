// C structs in `param`, in both directions. In C they are:
//
//   struct query { uint16_t port; uint16_t queue; } __attribute__((packed));
//   struct stats { uint64_t packets; uint64_t bytes; float load; uint8_t link_up; } __attribute__((packed));
//
//   node --import ./test/register.mjs examples/struct-param.ts
import { openPrimary, openSecondary } from '../lib/index.js';
import { play } from './play.js';

interface Stats {
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly load: number;
  readonly linkUp: boolean;
}

// Both processes run on one machine and use its byte order: little endian on x86-64 and ARM64.
function encodeQuery(port: number, queue: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, port, true);
  view.setUint16(2, queue, true);
  return new Uint8Array(view.buffer);
}

function decodeQuery(param: Uint8Array) {
  const view = viewOf(param, 4);
  return { port: view.getUint16(0, true), queue: view.getUint16(2, true) };
}

function encodeStats({ packets, bytes, load, linkUp }: Stats): Uint8Array {
  const view = new DataView(new ArrayBuffer(21));
  view.setBigUint64(0, packets, true);
  view.setBigUint64(8, bytes, true);
  view.setFloat32(16, load, true);
  view.setUint8(20, linkUp ? 1 : 0);
  return new Uint8Array(view.buffer);
}

function decodeStats(param: Uint8Array): Stats {
  const view = viewOf(param, 21);
  return {
    packets: view.getBigUint64(0, true),
    bytes: view.getBigUint64(8, true),
    load: view.getFloat32(16, true),
    linkUp: view.getUint8(20) !== 0,
  };
}

/** Checks the length first: never trust a param of another process. */
function viewOf(param: Uint8Array, length: number): DataView {
  if (param.length !== length) throw new Error(`The param has ${param.length} bytes instead of ${length}`);
  return new DataView(param.buffer, param.byteOffset, length);
}

await play(import.meta.url, {
  async server(filePrefix) {
    const channel = await openPrimary({ filePrefix });
    channel.registerAction('queue_stats', (msg) => {
      const { port, queue } = decodeQuery(msg.param);
      console.log(`server: asked for port ${port}, queue ${queue}`);
      return { param: encodeStats({ packets: 2n ** 40n, bytes: 2n ** 46n, load: 0.75, linkUp: true }) };
    });
    return channel;
  },

  async client(filePrefix) {
    const channel = await openSecondary({ filePrefix });
    const { msgs } = await channel.request({ name: 'queue_stats', param: encodeQuery(1, 7) });
    const stats = decodeStats(msgs[0]?.param ?? new Uint8Array());
    console.log(`client: ${stats.packets} packets, ${stats.bytes} bytes`);
    console.log(`client: load ${stats.load}, link ${stats.linkUp ? 'up' : 'down'}`);
    await channel.close();
  },
});

// C structs in `param`, both ways. On the C side:
//
//   struct query { uint16_t port; uint16_t queue; } __attribute__((packed));
//   struct stats { uint64_t packets; uint64_t bytes; float load; uint8_t link_up; } __attribute__((packed));
//
//   node --import ./test/register.mjs examples/struct-param.ts
import { openPrimary, openSecondary } from '../lib/index.js';
import { bool, f32, struct, u16, u64 } from '../protocol/index.js';
import { play } from './play.js';

const Query = struct({ port: u16, queue: u16 }, { packed: true });
const Stats = struct({ packets: u64, bytes: u64, load: f32, linkUp: bool }, { packed: true });

await play(import.meta.url, {
  async server(filePrefix) {
    const channel = await openPrimary({ filePrefix });
    channel.registerAction('queue_stats', (msg) => {
      const { port, queue } = Query.decode(msg.param); // throws EBADMSG if it is too short
      console.log(`server: asked for port ${port}, queue ${queue}`);
      return { param: Stats.encode({ packets: 2n ** 40n, bytes: 2n ** 46n, load: 0.75, linkUp: true }) };
    });
    return channel;
  },

  async client(filePrefix) {
    const channel = await openSecondary({ filePrefix });
    const param = Query.encode({ port: 1, queue: 7 });
    const { msgs } = await channel.request({ name: 'queue_stats', param });
    const stats = Stats.decode(msgs[0]?.param ?? new Uint8Array());
    console.log(`client: ${stats.packets} packets, ${stats.bytes} bytes`);
    console.log(`client: load ${stats.load}, link ${stats.linkUp ? 'up' : 'down'}`);
    await channel.close();
  },
});

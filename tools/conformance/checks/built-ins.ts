import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import { defineChecks } from '../check.js';
import { CheckSkip, expectEqual, expectFields, secondsSince } from '../expect.js';
import { paramOf, type RawPeer, wordIn } from '../raw-peer.js';

const ANSWERS_IGN = {
  expectation: 'IGN at once',
  why: 'a Node primary has neither devices nor memory that EAL knows of',
};

const OF_PRIMARIES = { roles: ['primary'] } as const;

const ATTACHING = {
  destructive: true,
  needs: ['driver', 'devices', 'processes'],
  notForOurs: 'a Node primary has no devices',
} as const;

// struct vdev_param (drivers/bus/vdev/vdev.c)
const VDEV_SIZE = 72;
const VDEV = { SCAN_REQ: 1, SCAN_ONE: 2, SCAN_REP: 3 } as const;

// struct eal_dev_mp_req (hotplug_mp.h)
const DEVICE_REQUEST_SIZE = 136;
const DEVICE_RESULT = 132;

/** Section 6.6: devices, and requests that EAL doesn't know. */
export const BUILT_INS = defineChecks(OF_PRIMARIES, {
  C76: {
    title: 'list of virtual devices',
    stimulus: "a REQ 'bus_vdev_mp' of type 1 to a primary with n devices",
    expectation: 'n MSGs of type 2, then a REP of type 3 with n',
    needs: ['devices'],
    ours: ANSWERS_IGN,
    async run(tester) {
      const peer = tester.takeBuiltIns();
      await peer.send({ name: 'bus_vdev_mp', param: paramOf(VDEV_SIZE, 0, VDEV.SCAN_REQ) });
      for (let devices = 0; ; devices++) {
        const message = await peer.nextOrNothing(2_000);
        if (message === undefined) throw new CheckSkip('the primary has no vdev bus');
        if (message.type === MpType.IGN) return 'as ours';
        if (message.type === MpType.MSG) {
          expectEqual(wordIn(message, 0), VDEV.SCAN_ONE, 'the type of a message');
          continue;
        }
        const reply = [message.type, wordIn(message, 0), wordIn(message, 4)];
        expectEqual(reply, [MpType.REP, VDEV.SCAN_REP, devices], 'message type, type and number');
        return 'as C';
      }
    },
  },
  C82: {
    title: 'device attached by the primary',
    stimulus: 'a primary attaches a device; the peer answers 0; IGN; -17; -22',
    expectation: 'success; success; success; -22, and the peer gets a rollback (type 2)',
    ...ATTACHING,
    async run(tester) {
      const peer = tester.takeBuiltIns();
      for (const [i, result] of [0, undefined, -17, -22].entries()) {
        const attaching = tester.command(`attach vdev:net_null${i + 4}`);
        await answerDevice(peer, 0, result);
        if (result === -22) await answerDevice(peer, 2, 0);
        expectFields(await attaching, { ret: result === -22 ? -22 : 0 });
      }
    },
  },
  C82a: {
    title: 'device attached by the primary, silent peer',
    stimulus: 'a primary attaches a device; the peer is silent',
    expectation: '-42 (ENOMSG) after 10 s',
    slow: true,
    ...ATTACHING,
    async run(tester) {
      tester.takeBuiltIns(); // the peer gets the request and does not answer
      const start = nowMs();
      expectFields(await tester.command('attach vdev:net_null4', 20_000), { ret: -42 });
      expectEqual(secondsSince(start), 10, 'the number of seconds it took');
    },
  },
  C83: {
    title: 'device attached for a secondary',
    stimulus: "a REQ 'eal_dev_mp_request' to attach; the peer answers the forwarded REQ with 0",
    expectation: 'the forwarded REQ, then a REP with result 0',
    ...ATTACHING,
    async run(tester) {
      const peer = tester.takeBuiltIns();
      await peer.send({ name: 'eal_dev_mp_request', param: deviceRequest(0, 'vdev:net_null5,') });
      await answerDevice(peer, 0, 0);
      const reply = await peer.next();
      expectEqual([reply.type, wordIn(reply, DEVICE_RESULT)], [MpType.REP, 0], 'type and result');
    },
  },
  C83a: {
    title: 'unknown device request',
    stimulus: "a REQ 'eal_dev_mp_request' of an unknown type to a primary",
    expectation: 'a REP with result -95 (EOPNOTSUPP)',
    ours: ANSWERS_IGN,
    async run(tester) {
      const request = { name: 'eal_dev_mp_request', param: deviceRequest(99, 'vdev:nothing,') };
      const reply = await tester.mainPeer.ask(request);
      if (reply.type === MpType.IGN) return 'as ours';
      expectEqual(wordIn(reply, DEVICE_RESULT), -95, 'the result');
      return 'as C';
    },
  },
  C84: {
    title: 'unknown memory request',
    stimulus: "a MSG 'mp_malloc_request' of an unknown type to a primary",
    expectation: 'logged, no response',
    async run(tester) {
      const peer = tester.takeBuiltIns();
      await peer.send({ type: MpType.MSG, name: 'mp_malloc_request', param: paramOf(80, 0, 99) });
      await tester.expectNothingFor();
    },
  },
});

function deviceRequest(type: number, devargs: string): Uint8Array {
  const param = paramOf(DEVICE_REQUEST_SIZE, 0, type);
  param.set(Buffer.from(devargs), 4);
  return param;
}

/** Expects a device request of this type; answers it with `result`, or with IGN. */
async function answerDevice(peer: RawPeer, type: number, result: number | undefined): Promise<void> {
  const request = await peer.next();
  expectEqual([request.name, wordIn(request, 0)], ['eal_dev_mp_request', type], 'name and type');
  if (result === undefined) return peer.ignore(request);
  const param = Uint8Array.from(request.param);
  new DataView(param.buffer).setInt32(DEVICE_RESULT, result, true);
  return peer.answer(request, { param });
}

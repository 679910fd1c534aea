import { MpType } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import type { Check } from '../check.js';
import { expectFields, type Stage } from '../stage.js';
import { CheckSkip, expectEqual } from '../verdict.js';

const IGNORES = {
  expectation: 'IGN at once',
  why: 'a Node primary has neither devices nor memory that EAL knows of',
};

// struct vdev_param (drivers/bus/vdev/vdev.c)
const VDEV_SIZE = 72;
const VDEV = { SCAN_REQ: 1, SCAN_ONE: 2, SCAN_REP: 3 } as const;

/** struct eal_dev_mp_req (hotplug_mp.h). */
function deviceRequest(type: number, devargs: string): Uint8Array {
  const param = new Uint8Array(136);
  new DataView(param.buffer).setUint32(0, type, true);
  param.set(Buffer.from(devargs), 4);
  return param;
}

const DEVICE_RESULT = 132;

function int32(param: Uint8Array, offset: number): number {
  return new DataView(param.buffer, param.byteOffset).getInt32(offset, true);
}

const C76: Check = {
  id: 'C76',
  title: 'list of virtual devices',
  stimulus: "a REQ 'bus_vdev_mp' of type 1 to a primary with n devices",
  expectation: 'n MSGs of type 2, then a REP of type 3 with n',
  roles: ['primary'],
  needs: ['devices'],
  ours: IGNORES,
  async run(stage) {
    const { main } = stage;
    main.takesBuiltIns = true;
    const param = new Uint8Array(VDEV_SIZE);
    new DataView(param.buffer).setInt32(0, VDEV.SCAN_REQ, true);
    await main.send({ name: 'bus_vdev_mp', param });
    for (let devices = 0; ; devices++) {
      const message = await main.nextOrNothing(2_000);
      if (message === undefined) throw new CheckSkip('the primary has no vdev bus');
      if (message.type === MpType.IGN) return 'as ours';
      if (message.type === MpType.MSG) {
        expectEqual(int32(message.param, 0), VDEV.SCAN_ONE, 'the type of a message');
        continue;
      }
      const reply = [message.type, int32(message.param, 0), int32(message.param, 4)];
      expectEqual(reply, [MpType.REP, VDEV.SCAN_REP, devices], 'message type, type and number in the reply');
      main.takesBuiltIns = false;
      return 'as C';
    }
  },
};

const C82: Check = {
  id: 'C82',
  title: 'device attached by the primary',
  stimulus: 'a primary attaches a device; the peer answers 0; IGN; -17; -22',
  expectation: 'success; success; success; -22, and the peer gets a rollback (type 2)',
  roles: ['primary'],
  destructive: true,
  needs: ['driver', 'devices', 'place'],
  notForOurs: 'a Node primary has no devices',
  async run(stage) {
    const { main } = stage;
    main.takesBuiltIns = true;
    for (const [i, result] of [0, undefined, -17].entries()) {
      const attaching = stage.command(`attach vdev:net_null${i + 4}`);
      await answerDevice(stage, 0, result);
      expectFields((await attaching).line, { ret: 0 });
    }
    const attaching = stage.command('attach vdev:net_null8');
    await answerDevice(stage, 0, -22);
    await answerDevice(stage, 2, 0);
    expectFields((await attaching).line, { ret: -22 });
    return undefined;
  },
};

const C82A: Check = {
  id: 'C82a',
  title: 'device attached by the primary, silent peer',
  stimulus: 'a primary attaches a device; the peer is silent',
  expectation: '-42 (ENOMSG) after 10 s',
  roles: ['primary'],
  destructive: true,
  slow: true,
  needs: ['driver', 'devices', 'place'],
  notForOurs: 'a Node primary has no devices',
  async run(stage) {
    const { main } = stage;
    main.takesBuiltIns = true;
    const start = nowMs();
    const { line } = await stage.command('attach vdev:net_null4', 20_000);
    expectFields(line, { ret: -42 });
    expectEqual(Math.round((nowMs() - start) / 1000), 10, 'the number of seconds it took');
    return undefined;
  },
};

/** The next request must be about a device and of this type; answers it with `result`, or with IGN. */
async function answerDevice(stage: Stage, type: number, result: number | undefined): Promise<void> {
  const request = await stage.main.next();
  expectEqual([request.name, int32(request.param, 0)], ['eal_dev_mp_request', type], 'name and type');
  if (result === undefined) {
    await stage.main.ignore(request);
    return;
  }
  const param = Uint8Array.from(request.param);
  new DataView(param.buffer).setInt32(DEVICE_RESULT, result, true);
  await stage.main.answer(request, { param });
}

const C83: Check = {
  id: 'C83',
  title: 'device attached for a secondary',
  stimulus: "a REQ 'eal_dev_mp_request' to attach; the peer answers the forwarded REQ with 0",
  expectation: 'the forwarded REQ, then a REP with result 0',
  roles: ['primary'],
  destructive: true,
  needs: ['devices', 'driver', 'place'],
  notForOurs: 'a Node primary has no devices',
  async run(stage) {
    const { main } = stage;
    main.takesBuiltIns = true;
    await main.send({ name: 'eal_dev_mp_request', param: deviceRequest(0, 'vdev:net_null5,') });
    await answerDevice(stage, 0, 0);
    const reply = await main.next();
    expectEqual([reply.type, int32(reply.param, DEVICE_RESULT)], [MpType.REP, 0], 'type and result');
    return undefined;
  },
};

const C83A: Check = {
  id: 'C83a',
  title: 'unknown device request',
  stimulus: "a REQ 'eal_dev_mp_request' of an unknown type to a primary",
  expectation: 'a REP with result -95 (EOPNOTSUPP)',
  roles: ['primary'],
  ours: IGNORES,
  async run(stage) {
    const reply = await stage.main.ask('eal_dev_mp_request', deviceRequest(99, 'vdev:nothing,'));
    if (reply.type === MpType.IGN) return 'as ours';
    expectEqual(int32(reply.param, DEVICE_RESULT), -95, 'the result');
    return 'as C';
  },
};

const C84: Check = {
  id: 'C84',
  title: 'unknown memory request',
  stimulus: "a MSG 'mp_malloc_request' of an unknown type to a primary",
  expectation: 'logged, no response',
  roles: ['primary'],
  async run(stage) {
    const { main } = stage;
    main.takesBuiltIns = true;
    const param = new Uint8Array(80);
    new DataView(param.buffer).setUint32(0, 99, true);
    await main.send({ type: MpType.MSG, name: 'mp_malloc_request', param });
    await stage.expectNothingFor();
    main.takesBuiltIns = false;
    return undefined;
  },
};

/** Section 6.6's checks of devices, and of requests that EAL doesn't know. */
export const BUILT_INS: readonly Check[] = [C76, C82, C82A, C83, C83A, C84];

import { expect } from 'chai';
import {
  defaultRuntimeDir,
  isSecondarySocket,
  pidOfSocket,
  replySocketName,
  runtimePath,
  secondarySocketName,
} from '../../protocol/paths.js';
import { thrown } from '../support/mp-error.js';

describe('paths', () => {
  it('finds the runtime directory as DPDK 22.03 and later do', () => {
    const rules: [Record<string, string>, number, string][] = [
      [{}, 0, '/var/run/dpdk'],
      [{ XDG_RUNTIME_DIR: '/run/user/0' }, 0, '/var/run/dpdk'],
      [{ XDG_RUNTIME_DIR: '/run/user/7' }, 7, '/run/user/7/dpdk'],
      [{}, 7, '/tmp/dpdk'],
      [{ RUNTIME_DIRECTORY: '/x' }, 0, '/x/dpdk'],
      [{ RUNTIME_DIRECTORY: '/x/', XDG_RUNTIME_DIR: '/y' }, 7, '/x//dpdk'],
      [{ RUNTIME_DIRECTORY: '' }, 0, '/dpdk'],
      [{ XDG_RUNTIME_DIR: '' }, 7, '/dpdk'],
    ];
    for (const [env, uid, expected] of rules) expect(defaultRuntimeDir(env, uid)).to.equal(expected);
  });

  it('concatenates without touching anything', () => {
    expect(runtimePath('/x//dpdk', 'rte')).to.equal('/x//dpdk/rte');
    expect(runtimePath('/x/../dpdk/', 'a.b')).to.equal('/x/../dpdk//a.b');
  });

  it('refuses prefixes that DPDK refuses, and directories that are not absolute', () => {
    for (const prefix of ['', '.', '..', 'a/b', 'a%d', 'a\0b']) {
      expect(thrown(() => runtimePath('/x', prefix))).to.have.property('code', 'EINVAL');
    }
    for (const directory of ['', 'x', './x', '/x\0y']) {
      expect(thrown(() => runtimePath(directory, 'rte'))).to.have.property('code', 'EINVAL');
    }
  });

  it('refuses directories in which the longest socket name would not fit, counting bytes', () => {
    const longest = runtimePath('/', 'x'.repeat(70));
    const socket = `${longest}/${secondarySocketName(4194304, 2n ** 64n - 1n)}`;
    expect(socket).to.have.lengthOf(107);
    expect(`${longest}/${replySocketName(4194304, 2n ** 64n - 1n)}`.length).to.be.at.most(107);
    const tooLong = thrown(() => runtimePath('/', 'x'.repeat(71)));
    expect(tooLong).to.include({ code: 'ENAMETOOLONG', path: `//${'x'.repeat(71)}` });
    expect(thrown(() => runtimePath('/', 'é'.repeat(36)))).to.have.property('code', 'ENAMETOOLONG');
    expect(runtimePath('/', 'é'.repeat(35))).to.have.lengthOf(37);
  });

  it('names sockets as C does, and reads the pid back', () => {
    expect(secondarySocketName(42, 0xabcn)).to.equal('mp_socket_42_abc');
    expect(pidOfSocket('/run/x/mp_socket_42_abc')).to.equal(42);
    expect(pidOfSocket(replySocketName(43, 1n))).to.equal(43);
    for (const name of [
      'mp_socket',
      'mp_socket_',
      'mp_socket_x_1',
      'mp_socket_1',
      'mp_socket_1_G',
      'a/mp_socket_1_1/b',
    ]) {
      expect(pidOfSocket(name), name).to.equal(undefined);
    }
  });

  it('keeps reply sockets out of broadcasts', () => {
    expect(isSecondarySocket(secondarySocketName(1, 1n))).to.equal(true);
    expect(isSecondarySocket('mp_socket_')).to.equal(true);
    for (const name of ['mp_socket', 'mp_socketX', replySocketName(1, 1n)]) {
      expect(isSecondarySocket(name), name).to.equal(false);
    }
  });
});

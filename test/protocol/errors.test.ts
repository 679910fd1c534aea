import { expect } from 'chai';
import { DecodeError, MpError } from '../../protocol/index.js';

describe('MpError', () => {
  it('has only the details it was given', () => {
    const error = new MpError('EINVAL', 'try again');
    expect(error).to.be.instanceOf(Error);
    expect(error.code).to.equal('EINVAL');
    expect(error.message).to.equal('try again');
    for (const name of ['syscall', 'path', 'errno', 'cause']) expect(error).not.to.have.property(name);
  });

  it('keeps every detail', () => {
    const cause = new RangeError('deeper');
    const error = new MpError('ENOENT', 'start it', { syscall: 'sendmsg', path: '/run/x', errno: 2, cause });
    expect(error).to.include({ syscall: 'sendmsg', path: '/run/x', errno: 2 });
    expect(error.cause).to.equal(cause);
  });

  it('keeps a cause that is undefined, as Error does', () => {
    expect(new MpError('EIO', 'x', { cause: undefined })).to.have.property('cause', undefined);
  });

  it('says its name, also in the stack, without a property of its own for it', () => {
    const error = new MpError('EINVAL', 'try again');
    expect(String(error)).to.equal('MpError: try again');
    expect(error.stack).to.match(/^MpError: try again\n/);
    expect(Object.keys(error)).to.deep.equal(['code']);
  });

  it('lets subclasses have their own name', () => {
    const error = new DecodeError('length', 'drop it');
    expect(error).to.be.instanceOf(MpError);
    expect(error).to.include({ name: 'DecodeError', code: 'EBADMSG', reason: 'length' });
    expect(new MpError('EINVAL', '').name).to.equal('MpError');
  });
});

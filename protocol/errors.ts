/** What an {@link MpError} may have besides its code. Leave out what is unknown. */
export interface MpErrorDetails {
  /** The system call that failed. */
  readonly syscall?: string;
  /** The file, socket or directory that the error is about. */
  readonly path?: string;
  /** The errno, positive as in errno.h. */
  readonly errno?: number;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * The class of all errors that this library throws. Where C returns -1 and sets `rte_errno`, `code` has the name of that
 * errno; functions that throw other codes (`EVERSION`, ...) document them. The message ends with what to do next.
 * `syscall`, `path`, `errno` (positive) and `cause` are present only when known.
 *
 * @example
 * try {
 *   encodeMessage('332/8', MpType.MSG, { name: '' });
 * } catch (error) {
 *   if (error instanceof MpError && error.code === 'EINVAL') console.error(error.message);
 * }
 */
export class MpError extends Error {
  /** The name of an errno, such as `'ENOENT'`, or a code of this library, such as `'EVERSION'`. */
  readonly code: string;
  /** The system call that failed. */
  declare readonly syscall?: string;
  /** The file, socket or directory that the error is about. */
  declare readonly path?: string;
  /** The errno, positive as in errno.h. */
  declare readonly errno?: number;

  static {
    // on the prototype: the stack's first line has the name, and it isn't printed as another property
    MpError.prototype.name = 'MpError';
  }

  constructor(code: string, message: string, details: MpErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    if (details.syscall !== undefined) this.syscall = details.syscall;
    if (details.path !== undefined) this.path = details.path;
    if (details.errno !== undefined) this.errno = details.errno;
  }
}

/** Makes the error for a value that a function doesn't take. */
export function invalid(message: string): MpError {
  return new MpError('EINVAL', message);
}

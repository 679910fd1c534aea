/** What an {@link MpError} may carry besides its code: give only what is known. */
export interface MpErrorDetails {
  /** The system call that failed. */
  readonly syscall?: string;
  /** The file, socket or directory that it was about. */
  readonly path?: string;
  /** Positive, as in errno.h. */
  readonly errno?: number;
  /** The error behind this one. */
  readonly cause?: unknown;
}

/**
 * Every error of this library. Where C returns -1 and sets `rte_errno`, this is thrown with the same errno
 * name in `code`; a few codes of its own (`EVERSION`, ...) are documented where they are thrown. The message
 * ends with what to do next. `syscall`, `path`, `errno` (positive) and `cause` are present only when known.
 *
 * @example
 * try {
 *   encodeMessage('332/8', MpType.MSG, { name: '' });
 * } catch (error) {
 *   if (error instanceof MpError && error.code === 'EINVAL') console.error(error.message);
 * }
 */
export class MpError extends Error {
  /** An errno name such as `'ENOENT'`, or one of our own such as `'EVERSION'`. */
  readonly code: string;
  /** The system call that failed. */
  declare readonly syscall?: string;
  /** The file, socket or directory that it was about. */
  declare readonly path?: string;
  /** Positive, as in errno.h. */
  declare readonly errno?: number;

  static {
    // on the prototype, so that it is in the stack's first line and isn't printed as an extra property
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

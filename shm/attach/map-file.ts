import { Mapping } from '../../sys/mapping.js';
import { callError } from '../errors.js';

const PAGE = 4096;

/** Maps the first `length` bytes of a file, in whole pages, for writing. */
export function mapFile(fd: number, length: number, path: string): Mapping {
  const mapping = Mapping.reserve(length, PAGE);
  if (typeof mapping === 'number') throw callError(mapping, 'mmap', path);
  const result = mapping.place(0, length, fd, 0, true);
  if (result === 0) return mapping;
  mapping.close();
  throw callError(result, 'mmap', path);
}

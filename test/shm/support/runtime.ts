// A runtime directory with files that the test makes, and a lock on `config` as a living primary holds it.
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as libc from '../../../sys/libc.js';
import { buildImage, type Image, type ImageOptions, PAGE_SIZE } from './image.js';

const F_OFD_SETLK = 37; // the lock of an open file: unlike a process's own lock, this process sees it
const F_WRLCK = 1;
const MEMSEGS = { A: 136, B: 144, C: 144 };

export interface FakeRuntime {
  readonly runtimeDir: string;
  readonly filePrefix: string;
  /** `<runtimeDir>/<filePrefix>` */
  readonly path: string;
  /** Where the page files are. */
  readonly hugeDir: string;
  remove(): void;
}

/** Writes the files of an image. */
export function writeRuntime(image: Image): FakeRuntime {
  const root = mkdtempSync(join(tmpdir(), 'dpdkipc-'));
  const path = join(root, 'fake');
  const hugeDir = join(root, 'huge');
  mkdirSync(path);
  mkdirSync(hugeDir);
  for (const [name, bytes] of image) writeFileSync(join(path, name), bytes);
  const remove = () => rmSync(root, { recursive: true, force: true });
  return { runtimeDir: root, filePrefix: 'fake', path, hugeDir, remove };
}

/** Builds an image and writes its files; the page files are sparse. */
export function makeRuntime(options: ImageOptions = {}): FakeRuntime {
  const runtime = writeRuntime(buildImage(options));
  for (const page of options.pages ?? []) addPage(runtime, (options.listIndex ?? 0) * 8192 + page);
  return runtime;
}

export function addPage(runtime: FakeRuntime, fileId: number | string, size = PAGE_SIZE): string {
  const path = join(runtime.hugeDir, `${runtime.filePrefix}map_${fileId}`);
  const fd = openSync(path, 'w');
  ftruncateSync(fd, size);
  closeSync(fd);
  return path;
}

/** Locks `config` as its primary does; returns the release. */
export function pretendAlive(runtime: FakeRuntime, family: 'A' | 'B' | 'C' = 'A'): () => void {
  const fd = openSync(join(runtime.path, 'config'), 'r+');
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(F_WRLCK, 0);
  lock.writeBigInt64LE(BigInt(MEMSEGS[family]), 8);
  lock.writeBigInt64LE(17408n, 16);
  const result = libc.fcntlLock(fd, F_OFD_SETLK, lock);
  if (result < 0) throw new Error(`fcntl(F_OFD_SETLK) failed: ${result}`);
  return () => closeSync(fd);
}

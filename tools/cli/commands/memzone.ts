import type { Command } from 'commander';
import type { Memzone } from '../../../shm/attach/memzone.js';
import { hexdumpLines, hexParts, toHex } from '../format-bytes.js';
import { attach, type RangeOptions, readZone, withMemory, withRange } from '../memzone-options.js';
import { withJson } from '../options.js';
import { paint, print, printError, printJson, printParts, printRaw, table } from '../output.js';
import { decodeStruct, STRUCT_HELP, structLines, structRecord, structSize } from '../struct.js';
import { addMemzoneWatch } from './memzone-watch.js';
import { addMemzoneWrite } from './memzone-write.js';

const ABOUT = `Memzones are the named parts of the primary's shared memory: ring R is zone RG_R, mempool
M is MP_M. Reading copies the bytes, and takes the primary's read lock for the
microseconds of a lookup. If the primary dies meanwhile, the command ends with an error.`;

const EXAMPLES = `
Examples:
  $ dpdk-ipc memzone ls
  $ dpdk-ipc memzone dump shared_info --length 64
  $ dpdk-ipc memzone watch shared_info

Exit status: 0 done, 1 you said no to a write, 2 not done.`;

/** Adds `memzone` with its subcommands. */
export function addCommand(program: Command): void {
  const memzone = program.command('memzone').description(ABOUT).addHelpText('after', EXAMPLES);
  withJson(withMemory(memzone.command('ls').summary('list all memzones').description(ABOUT_LS))).action(list);
  addDump(memzone);
  addRead(memzone);
  addMemzoneWrite(memzone);
  addMemzoneWatch(memzone);
}

function addDump(memzone: Command): void {
  const command = memzone.command('dump').summary('print bytes as "hexdump -C" does').description(ABOUT_DUMP);
  withJson(withRange(command)).action(async (name: string, options: RangeOptions) => {
    using memory = attach(options);
    const { bytes } = readZone(memory, name, options);
    if (options.json) printJson(bytesRecord(name, options.offset, bytes));
    else await printParts(hexdumpLines(bytes, options.offset));
  });
}

const ABOUT_LS = `Lists all memzones: length in bytes, the address in the primary, the size of its pages, the
NUMA node.`;

const ABOUT_DUMP = `Prints the bytes of a memzone, or some of them, as "hexdump -C" does.`;

const ABOUT_READ = `Prints the bytes of a memzone, or some of them: in hex, as a struct (--as), or raw (--raw).`;

const READ_EXAMPLES = `
${STRUCT_HELP}

Examples:
  $ dpdk-ipc memzone read shared_info --as u32:force_quit,x4,u64:requests
  $ dpdk-ipc memzone read BIG --offset 1M --length 4k --raw > part.bin
  $ dpdk-ipc memzone read BIG --length 16`;

interface ReadOptions extends RangeOptions {
  readonly raw?: boolean;
  readonly as?: string;
}

function addRead(memzone: Command): void {
  const command = memzone
    .command('read')
    .summary('print bytes in hex, as a struct, or raw')
    .description(ABOUT_READ);
  withJson(withRange(command))
    .option('--as <fields>', "read them as a struct: 'u32:count,s16:name'")
    .option('--raw', 'write the bytes themselves, for a pipe or a file')
    .addHelpText('after', READ_EXAMPLES)
    .action(read);
}

async function read(name: string, options: ReadOptions): Promise<void> {
  const length = options.as === undefined ? options.length : structSize(options.as);
  using memory = attach(options);
  const { bytes } = readZone(memory, name, { ...options, length });
  if (options.raw) {
    printRaw(bytes);
    return;
  }
  const values = options.as === undefined ? undefined : decodeStruct(options.as, bytes);
  if (options.json) {
    printJson({ ...bytesRecord(name, options.offset, bytes), struct: values && structRecord(values) });
  } else if (values === undefined) {
    await printParts(hexParts(bytes));
    print('');
  } else {
    print(structLines(values).join('\n'));
  }
}

function list(options: RangeOptions): void {
  using memory = attach(options);
  const zones = memory.memzones();
  if (options.json) {
    printJson({ version: memory.version, memzones: zones.map(zoneRecord) });
    return;
  }
  if (zones.length === 0) printError('The primary has no memzones.');
  const rows = zones.map(({ name, len, addr, hugepageSize, socketId }) => [
    name,
    String(len),
    `0x${addr.toString(16)}`,
    size(hugepageSize),
    String(socketId),
  ]);
  const [heading = '', ...lines] = table([['NAME', 'BYTES', 'ADDRESS', 'PAGE', 'SOCKET'], ...rows]);
  print([paint('bold', heading), ...lines].join('\n'));
}

function zoneRecord({ name, len, addr, iova, hugepageSize, socketId, flags }: Memzone) {
  return { name, len, addr, iova, hugepageSize, socketId, flags };
}

function bytesRecord(zone: string, offset: number, bytes: Uint8Array) {
  return { zone, offset, length: bytes.length, hex: toHex(bytes) };
}

/** `2M` for 2097152. */
function size(bytes: number): string {
  for (const [unit, factor] of [
    ['G', 2 ** 30],
    ['M', 2 ** 20],
    ['k', 2 ** 10],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

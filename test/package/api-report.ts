// `npm run api-report` writes the public surface of the built declarations to api/*.api.md, so that a change shows in review.
// package.test.ts fails when these files are out of date.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from '@microsoft/api-extractor';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Entry points of package.json, by the names of their reports. */
const ENTRIES: Readonly<Record<string, string>> = {
  'dpdk-ipc': 'dist/lib/index.d.ts',
  protocol: 'dist/protocol/index.d.ts',
  drivers: 'dist/protocol/drivers/index.d.ts',
  shm: 'dist/shm/index.d.ts',
  testing: 'dist/lib/testing/index.d.ts',
};

export const API_REPORTS = Object.keys(ENTRIES);

/** Compares the report of an entry with api/; returns whether they differ. Writes it with `update`. */
export function reportOf(name: string, update: boolean): boolean {
  const scratch = mkdtempSync(join(tmpdir(), 'api-report-'));
  try {
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: ROOT,
        mainEntryPointFilePath: join(ROOT, ENTRIES[name] ?? ''),
        compiler: {
          overrideTsconfig: { compilerOptions: COMPILER, files: [join(ROOT, ENTRIES[name] ?? '')] },
        },
        apiReport: {
          enabled: true,
          reportFileName: `${name}.api.md`,
          reportFolder: join(ROOT, 'api'),
          reportTempFolder: scratch,
        },
        messages: {
          compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
          // typedoc checks comments, and types that can't be imported (typedoc.json)
          extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
          tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(ROOT, 'package.json'),
    });
    const result = Extractor.invoke(config, { localBuild: update, messageCallback: print });
    if (result.errorCount > 0) throw new Error(`api-extractor found errors in ${name}: see above`);
    return result.apiReportChanged;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const COMPILER = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
};

/** Prints errors only. */
function print(message: ExtractorMessage): void {
  message.handled = true;
  if (message.logLevel === ExtractorLogLevel.Error) console.error(message.formatMessageWithLocation(ROOT));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const name of API_REPORTS) {
    console.log(`api/${name}.api.md: ${reportOf(name, true) ? 'updated' : 'unchanged'}`);
  }
}

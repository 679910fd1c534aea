// The sources as JavaScript, made once, so that a child that is killed at each of its calls starts quickly.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDERS = ['protocol', 'sys', 'shm', 'lib', 'test/faults'];
const OPTIONS: ts.CompilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };

/** The directory that has the floors that a channel stands on and `test/faults/` as JavaScript until `remove`. */
export function transpile(): { readonly root: string; remove(): void } {
  const root = join(ROOT, 'node_modules', '.cache', `dpdk-ipc-${process.pid}`); // where imports of packages are found
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const target = join(root, folder, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      const source = readFileSync(join(ROOT, folder, name), 'utf8');
      writeFileSync(target, ts.transpileModule(source, { compilerOptions: OPTIONS }).outputText);
    }
  }
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

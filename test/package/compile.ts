import { join } from 'node:path';
import ts from 'typescript';

/** Errors that tsc finds in a file and in the declarations it uses; '' for none. */
export function compile(
  directory: string,
  file: string,
  { module, moduleResolution }: { module: string; moduleResolution: string },
): string {
  const options = { module, moduleResolution, strict: true, noEmit: true, target: 'ES2022', types: ['node'] };
  const lib = ['ES2023', 'ESNext.Disposable'];
  const parsed = ts.convertCompilerOptionsFromJson({ ...options, lib }, directory);
  const host = ts.createCompilerHost(parsed.options);
  host.getCurrentDirectory = () => directory;
  const program = ts.createProgram([join(directory, file)], parsed.options, host);
  return ts.formatDiagnostics([...parsed.errors, ...ts.getPreEmitDiagnostics(program)], host);
}

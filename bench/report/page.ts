// A run as one HTML page that needs no other file: it contains data, scripts, styles and the plotting library.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ts from 'typescript';
import { isMet, type RunResult } from '../harness/result.js';

const require = createRequire(import.meta.url);

export function page(run: RunResult): string {
  const met = run.rows.map((row) => ({
    ...row,
    verdicts: row.verdicts.map((one) => ({ ...one, met: isMet(one) })),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dpdk-ipc against librte_eal</title>
<style>${read(require.resolve('uplot/dist/uPlot.min.css'))}${beside('page.css')}</style>
</head>
<body>
<main id="report"></main>
<script type="application/json" id="run">${json({ ...run, rows: met })}</script>
<script>${script(read(require.resolve('uplot/dist/uPlot.iife.min.js')))}</script>
<script>${script(javascript(beside('quantity.ts')))}</script>
<script>${script(beside('page-script.js'))}</script>
</body>
</html>
`;
}

function beside(name: string): string {
  return read(new URL(name, import.meta.url));
}

function read(path: string | URL): string {
  return readFileSync(path, 'utf8');
}

/** Makes a module that imports only types into JavaScript for a page. */
function javascript(source: string): string {
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext } });
  return outputText.replaceAll('export ', '');
}

/** Escapes JSON so that no text in it can end the script element. */
function json(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Escapes a script so that no text in it can end the script element. */
function script(source: string): string {
  return source.replaceAll('</script', '<\\/script');
}

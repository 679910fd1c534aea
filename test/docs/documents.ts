// The project's documents, and the programs that they show.
import { readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

export const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'examples/README.md',
  ...readdirSync(new URL('docs/', ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** A code block of JavaScript or TypeScript. */
export interface Program {
  readonly document: string;
  /** Name in the comment above it, `<!-- run: NAME -->`; no test runs a program without a name. */
  readonly name: string | undefined;
  readonly source: string;
  /** The lines of the `text` block below it, if there is one: the program's output. */
  readonly output: readonly string[] | undefined;
}

export function read(document: string): string {
  return readFileSync(new URL(document, ROOT), 'utf8');
}

const PROGRAM = /(?:<!-- run: (\S+) -->\s+)?```(?:js|ts)\n(.*?)```(?:\s+```text\n(.*?)```)?/gs;

function programsOf(document: string): Program[] {
  return [...read(document).matchAll(PROGRAM)].map(([, name, source = '', output]) => ({
    document,
    name,
    source,
    output: output?.trimEnd().split('\n'),
  }));
}

export const PROGRAMS: readonly Program[] = DOCUMENTS.flatMap(programsOf);

/** Returns the anchors that GitHub makes of a document's headings. */
export function anchorsOf(document: string): string[] {
  const text = read(document).replaceAll(/^```.*?^```/gms, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

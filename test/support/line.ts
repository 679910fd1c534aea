// One line of a C peer's output: a word and key=value pairs.

export interface PeerLine {
  /** The line as printed. */
  readonly text: string;
  /** Its first word: 'READY', 'got', 'req', … */
  readonly event: string;
  /** Its key=value pairs, unquoted. */
  readonly fields: Readonly<Record<string, string>>;
}

// A value is quoted only where it holds something else than plain printable characters.
const PAIR = /\s([\w.]+)=(?:"([^"]*)"|(\S*))/g;

export function parseLine(text: string): PeerLine {
  const fields: Record<string, string> = {};
  for (const [, key, quoted, plain] of text.matchAll(PAIR)) {
    if (key !== undefined) fields[key] = quoted === undefined ? (plain ?? '') : unescapeText(quoted);
  }
  return { text, event: /^\S*/.exec(text)?.[0] ?? '', fields };
}

function unescapeText(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

import type { DriverLine } from './subject.js';

/** key=value; a value is quoted where it holds anything but plain printable characters. */
const PAIR = /\s([\w.]+)=(?:"([^"]*)"|(\S*))/g;

/** Takes a driver's line apart. */
export function parseDriverLine(text: string): DriverLine {
  const fields: Record<string, string> = {};
  for (const [, key, quoted, plain] of text.matchAll(PAIR)) {
    if (key !== undefined) fields[key] = quoted === undefined ? (plain ?? '') : unescapeBytes(quoted);
  }
  return { text, event: /^\S*/.exec(text)?.[0] ?? '', fields };
}

/** \x22 and the like. */
function unescapeBytes(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

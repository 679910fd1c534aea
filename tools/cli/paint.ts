import { styleText } from 'node:util';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

/** Colours `text` if it is for a terminal; NO_COLOR and FORCE_COLOR are respected. */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY || process.env.FORCE_COLOR !== undefined ? styleText(colour, text, { stream }) : text;
}

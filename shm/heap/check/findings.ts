import { MpError } from '../../../protocol/errors.js';

/** Something that isn't as it has to be. */
export interface HeapFinding {
  /** Of the element, the heap or the zone, in C processes. */
  readonly addr: number;
  readonly what: string;
}

/** What one check has found. */
export class Findings {
  readonly list: HeapFinding[] = [];

  /** Notes `what` unless the condition holds. */
  expect(condition: boolean, addr: number, what: string): void {
    if (!condition) this.add(addr, what);
  }

  add(addr: number, what: string): void {
    this.list.push({ addr, what });
  }

  /** Runs a step that can't go on where a pointer leads nowhere: that is a finding, too. */
  attempt(addr: number, step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof MpError)) throw error;
      this.add(addr, error.message);
    }
  }
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

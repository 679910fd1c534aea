import type { RowResult } from '../harness/result.js';
import type { Stage } from '../harness/stage.js';

/** One family of measurements. */
export interface Row {
  readonly number: number;
  readonly title: string;
  readonly method: string;
  measure(stage: Stage): Promise<Found>;
}

/** What a row found; what is left out is empty. */
type Found = Pick<RowResult, 'measures'> & Partial<Pick<RowResult, 'notes' | 'verdicts' | 'growths'>>;

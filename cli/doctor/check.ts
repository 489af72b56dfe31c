import { type Sites } from '../../activities/site/sites';
import { type TemporalAccess } from '../temporal';

/** What a check says about one thing: as it should be, worth knowing, or in the way of a run or its guard. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** The next move. */
  readonly next?: string;
}

export interface CheckContext extends TemporalAccess {
  readonly sites: Sites;
  /** A worker counts as living if it was seen this recently. */
  readonly seenWithinMs: number;
}

/** One thing the doctor looks at. It changes nothing. */
export interface Check {
  readonly name: string;
  /** What cannot be reached is thrown. */
  readonly run: (context: CheckContext) => Promise<readonly Finding[]>;
}

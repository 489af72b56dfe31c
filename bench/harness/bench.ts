import { type Unit } from './amounts';

/** One thing that is measured, ours and what stands beside it. */
export interface Bench {
  /** `npm run bench -- <name>`; also the name of the file with its result. */
  readonly name: string;
  /** What it shows, in a sentence. */
  readonly shows: string;
  /** What limits it, for the docs: a paragraph of Markdown. */
  readonly limits: string;
  /** In the order they are run. @param quick small and few: seconds for each */
  readonly cases: (quick: boolean) => readonly Case[];
}

/** A bench at one size. Each is measured in a process of its own. */
export interface Case {
  readonly name: string;
  /** How often each contender has its turn. */
  readonly rounds: number;
  /** It is ended, and counts as one that cannot run, when it takes longer. */
  readonly minutes: number;
  readonly rows: readonly Row[];
  /** Brings up what it needs. What it opens is closed also when it fails half-way: see `Workshop.onClose`. */
  readonly prepare: (workshop: Workshop) => Promise<readonly Contender[]>;
}

/** A line of the table. */
export interface Row {
  /** By which figures and goals name it. */
  readonly id: string;
  readonly what: string;
  readonly unit: Unit;
  /** The row that it is a part of: shown below it, and left out with it, or where it is nothing in every round. */
  readonly partOf?: string;
  readonly goal?: Goal | readonly Goal[];
}

/**
 * What is to be reached. With `to`, of the ratio to that row, which is stated also where nothing is to be reached;
 * without, of the median itself.
 */
export interface Goal {
  readonly to?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** One of those that take turns. */
export interface Contender {
  /** Does it once. @returns figures by row */
  readonly turn: () => Promise<Readonly<Record<string, number>>>;
}

/** What a case is given. */
export interface Workshop {
  /** A directory of its own, removed at the end. */
  readonly directory: string;
  /** Tells what takes time. */
  readonly say: (line: string) => void;
  /** Runs when the case has ended, however it ended, last first. */
  readonly onClose: (close: () => unknown) => void;
  /** Why a row cannot be measured here; one that has neither figures nor a reason is an error. */
  readonly leaveOut: (row: string, why: string) => void;
  /** States the version of something it ran. */
  readonly version: (of: string, is: string) => void;
}

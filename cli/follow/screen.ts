import { type Observation } from './observer';

/** Shows a run as it goes on. */
export interface Screen {
  show(observation: Observation): void;
  /** A line that stays. */
  say(line: string): void;
  /** Nothing more is shown; what is on the screen stays. */
  end(): void;
}

export interface ScreenOptions {
  readonly stream: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** @default the system's clock */
  readonly now?: () => number;
}

/** What the exit code of every command means. */
export const ExitCode = {
  done: 0,
  /** The run failed, or was aborted, cancelled, terminated, or out of time. */
  failed: 1,
  /** Bad usage, input or site file. */
  usage: 2,
  /** Temporal, a worker or the lab cannot be reached. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends the command with a sentence for people and a code for scripts. */
export class CommandError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message);
  }
}

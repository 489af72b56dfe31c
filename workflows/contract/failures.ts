/**
 * The whole list of failure types, and whether asking again may help.
 *
 * The type only informs: whether a failure is retried is decided by the action's profile (see `profiles.ts`).
 */
export const failureTypes = {
  /** The input, a runbook file or a site file is wrong. */
  InvalidInput: { askingAgainMayHelp: false },
  /** Credentials were refused, or they do not allow the operation. */
  AuthDenied: { askingAgainMayHelp: false },
  /** The host's key is not the one in `known_hosts`. */
  HostKeyMismatch: { askingAgainMayHelp: false },
  /** The thing does not exist. */
  NotFound: { askingAgainMayHelp: false },
  /** The world is not in the state the operation needs; nothing was changed. */
  PreconditionFailed: { askingAgainMayHelp: false },
  /** The remote side reached an error state, or a command ended with a failure. */
  ResourceFailed: { askingAgainMayHelp: false },
  /** It may or may not have happened: somebody has to look. */
  UnknownOutcome: { askingAgainMayHelp: false },
  /** Somebody else is changing the same thing. */
  Conflict: { askingAgainMayHelp: true },
  /** Too many requests; honours the server's Retry-After. */
  RateLimited: { askingAgainMayHelp: true },
  /** No connection, a 5xx answer, or a lost answer of an operation that is safe to repeat. */
  Unavailable: { askingAgainMayHelp: true },
} as const;

export type FailureType = keyof typeof failureTypes;

/** What is known about a failure besides its sentence. Never holds a secret. */
export interface FailureDetails {
  /** What the operation was about: `server/backup`, `host/db1`. */
  readonly target?: string;
  /** The operation in the adapter's words: `ssh.connect`, `GET /servers/{id}`. */
  readonly operation?: string;
  /** The remote service's request id, to be quoted to whoever runs it. */
  readonly requestId?: string;
  readonly exitCode?: number;
  /** The last lines of standard error, at most 2 kB. */
  readonly stderrTail?: string;
  /** How long the remote side asked us to wait before the next try. */
  readonly retryAfterMs?: number;
  /** The title of the step that failed; set by the kit. */
  readonly step?: string;
}

/** The failure types for which asking again does not help. */
export const permanentFailures = (Object.keys(failureTypes) as FailureType[]).filter(
  (type) => !failureTypes[type].askingAgainMayHelp,
);

import { permanentFailures } from './failures';

/** How an action is timed and retried. All times in seconds. */
export interface Profile {
  /** One attempt may take this long. */
  readonly startToClose: number;
  /** All attempts together may take this long; absent: no limit. */
  readonly scheduleToClose?: number;
  /** An attempt that has not been heard from for this long is given up and the next one starts. */
  readonly heartbeat: number;
  readonly retry: {
    readonly initial: number;
    readonly backoff: number;
    readonly maximum: number;
    /** Absent: without end. */
    readonly attempts?: number;
    /** Failure types that end the action at once. */
    readonly not: readonly string[];
  };
}

export const profiles = {
  /** A look at the world: quick, and patient with a service that is away for a minute. */
  probe: {
    startToClose: 15,
    scheduleToClose: 120,
    heartbeat: 5,
    retry: { initial: 0.5, backoff: 2, maximum: 5, not: permanentFailures },
  },
  /** A change that looks before it acts and may be repeated. */
  change: {
    startToClose: 60,
    scheduleToClose: 300,
    heartbeat: 5,
    retry: { initial: 0.5, backoff: 2, maximum: 5, not: permanentFailures },
  },
  /** A remote command of minutes or hours that every attempt re-attaches to. */
  job: {
    startToClose: 86_400,
    heartbeat: 10,
    retry: { initial: 0.5, backoff: 2, maximum: 10, not: permanentFailures },
  },
  /** The way back: every failure is tried again, because a password changed meanwhile must not stop it. */
  cleanup: {
    startToClose: 60,
    heartbeat: 5,
    retry: { initial: 1, backoff: 2, maximum: 10, not: [] },
  },
  /** A message to people: a few tries, and it never fails a run. */
  notify: {
    startToClose: 10,
    scheduleToClose: 30,
    heartbeat: 5,
    retry: { initial: 1, backoff: 2, maximum: 5, attempts: 3, not: permanentFailures },
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;

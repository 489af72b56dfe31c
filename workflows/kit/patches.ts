import { patched } from '@temporalio/workflow';

/**
 * What runs that began before a change do not do. Each is asked where the commands differ; it goes, by way of
 * `deprecatePatch`, when no history of before is open or kept under `test/replay`.
 */
export const patches = {
  /** A bracket counts as closed only when nothing can reopen it any more. */
  closesForGood: () => patched('2026-11-closes-for-good'),
  /** What is closed is looked at once more when nothing can land any more. */
  looksLast: () => patched('2026-11-looks-last'),
  /** A guard that has repeated its closes waits until none of those can land any more. */
  outlastsItself: () => patched('2026-11-outlasts-itself'),
  /** A run whose guard has taken over asks when that is done, and does not count on being told. */
  asksForGuardsEnd: () => patched('2026-11-asks-for-guards-end'),
  /** Who waits for the lock asks for it again. */
  asksAgain: () => patched('2026-11-asks-again'),
  /** A lock that nobody has begins anew before its history is as long as the server allows. */
  renewsWhenIdle: () => patched('2026-11-renews-when-idle'),
  /** A backup looks at the database before it takes production down, and not afterwards. */
  looksWhileItServes: () => patched('2026-11-looks-while-it-serves'),
  /** A backup counts as of when the database was stopped, once that serves again, where its engine can. */
  countsAfterwards: () => patched('2026-12-counts-afterwards'),
} as const;

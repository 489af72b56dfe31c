import { type CatalogueEntry } from '../contract/actions/archives';
import { type BackupAlarm, type BackupWatch } from '../contract/backups';

const againMs = 24 * 3_600_000;
const retryMs = 15 * 60_000;

/** What is to be done about the age of the last backup, now. */
export type AlarmStep =
  | { readonly do: 'wait'; readonly untilMs: number }
  | { readonly do: 'tell'; readonly kind: BackupAlarm['kind']; readonly text: string };

/** The newest verified archive that is where it should be. */
export function lastBackup(entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  return entries.find(({ kind, verified, missingSince }) => kind === 'archive' && verified && missingSince === null);
}

/**
 * Whether people are told that the last verified backup is too old, at once and then daily, or that there is one again.
 *
 * A site without any is given the limit from the moment it is watched. A backup dated later than it was found counts
 * from then: the clock of its host is wrong.
 *
 * @param entries newest first
 */
export function planAlarm(
  site: string,
  entries: readonly CatalogueEntry[],
  watch: BackupWatch & { readonly since: number },
  alarm: BackupAlarm | null,
  nowMs: number,
): AlarmStep {
  const last = lastBackup(entries);
  const madeMs = last ? Math.min(...[last.createdAt, last.foundAt ?? last.createdAt].map(Date.parse)) : watch.since;
  const dueMs = madeMs + watch.maxAgeHours * 3_600_000;
  const kind = nowMs >= dueMs ? 'alarm' : 'recovered';
  if (kind === 'recovered' && !alarm) return { do: 'wait', untilMs: dueMs };
  if (alarm?.kind === kind && nowMs < alarm.tellAt)
    return { do: 'wait', untilMs: kind === 'alarm' ? alarm.tellAt : Math.min(alarm.tellAt, dueMs) };
  const limit = `the limit is ${watch.maxAgeHours} h`;
  if (kind === 'recovered')
    return {
      do: 'tell',
      kind,
      text: `${site} has a verified backup in time again; ${last ? `${last.name}, ` : ''}${limit}`,
    };
  const what = last
    ? `the last verified backup of ${site} is ${hours(nowMs - madeMs)} h old (${last.name})`
    : `${site} has no verified backup, and has been watched for ${hours(nowMs - madeMs)} h`;
  return { do: 'tell', kind, text: `${what}; ${limit}. See: runbook runs; runbook backups ${site}` };
}

/** What is remembered once people were told, or could not be told: then it is tried again soon. */
export function afterTelling(kind: BackupAlarm['kind'], told: boolean, nowMs: number): BackupAlarm | null {
  if (told && kind === 'recovered') return null;
  return { kind, tellAt: nowMs + (told ? againMs : retryMs) };
}

const hours = (ms: number) => Math.round(ms / 3_600_000);

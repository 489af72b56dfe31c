import { definitionOf } from '../../workflows/contract/actions';
import { type ActivityRecord } from './activities';

/** A remote job: under its key it was started this often on this host. */
export interface JobReport {
  readonly key: string;
  readonly host: string;
  readonly starts: number;
}

/** The jobs that activities heard of, those that were stopped included; one that never started is none. */
export function jobsOf(activities: readonly ActivityRecord[]): readonly JobReport[] {
  const jobs = new Map<string, JobReport>();
  for (const { type, action, state, output } of activities) {
    if (type === 'describeAction' || action === null || state !== 'done') continue;
    if (definitionOf(action).profile !== 'job' && action !== 'stopJob') continue;
    const { key, host, starts } = output as JobReport;
    if (starts > 0) jobs.set(key, { key, host, starts: Math.max(starts, jobs.get(key)?.starts ?? 0) });
  }
  return [...jobs.values()];
}

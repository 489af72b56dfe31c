import {
  type Client,
  MONTHS,
  type ScheduleDescription,
  ScheduleNotFoundError,
  type ScheduleOverlapPolicy,
  type ScheduleOptions,
} from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time';
import { type Calendar, calendarText } from '../../workflows/contract/calendar';
import { type Actual, managedBy } from './compare';
import { actualSchedule, type Declared, overlapNames } from './schedule';

/** A schedule on the server, and what has become of it. */
export interface OnServer extends Actual {
  readonly info: ScheduleDescription['info'];
}

/** The schedules of these ids, those of somebody else too, and all others of ours. */
export async function schedulesOnServer({ schedule: schedules }: Client, ids: readonly string[]): Promise<OnServer[]> {
  // The index lags behind: what is declared is asked for by id.
  const wanted = new Set(ids);
  for await (const { scheduleId, memo } of schedules.list()) if (isOurs(memo)) wanted.add(scheduleId);
  const found: OnServer[] = [];
  for (const id of wanted) {
    const description = await lookAt(schedules, id);
    if (description) found.push(onServer(description));
  }
  return found;
}

async function lookAt(schedules: Client['schedule'], id: string): Promise<ScheduleDescription | null> {
  try {
    return await schedules.getHandle(id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

export function onServer(description: ScheduleDescription): OnServer {
  const { scheduleId, memo, state, info } = description;
  const ours = isOurs(memo);
  const site = ours && typeof memo?.site === 'string' ? memo.site : null;
  return { ...actualSchedule(description), id: scheduleId, ours, site, paused: state.paused, info };
}

/**
 * The moments that the server itself makes of a schedule's times, jitter included; epoch ms, both ends included.
 *
 * Where clocks are put back it takes one or both of the moments that show the same time, and may lose others near by.
 */
export async function momentsByServer(client: Client, id: string, from: number, to: number): Promise<number[]> {
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    namespace: client.options.namespace,
    scheduleId: id,
    // It takes what is strictly later.
    startTime: msToTs(from - 1),
    endTime: msToTs(to),
  });
  return startTime.map((time) => tsToMs(time));
}

function isOurs(memo: Record<string, unknown> | undefined): boolean {
  return memo?.managedBy === managedBy;
}

/** What makes a declared schedule on a server; nothing is left to the server's defaults. */
export function optionsFor(declared: Declared) {
  const { timing, id, runbook, site } = declared;
  return {
    scheduleId: id,
    spec: {
      cronExpressions: timing.calendars.map(calendarText),
      intervals: timing.intervals.map(({ everyMs, offsetMs }) => ({ every: everyMs, offset: offsetMs })),
      skip: timing.skip.map(wholeDay),
      jitter: timing.jitterMs,
      timezone: timing.timeZone,
    },
    policies: {
      overlap: overlapPolicyOf(declared.overlap),
      catchupWindow: declared.catchUpMs,
      pauseOnFailure: declared.pauseOnFailure,
    },
    action: {
      type: 'startWorkflow',
      workflowType: declared.workflow,
      workflowId: declared.workflowId,
      taskQueue: declared.queue,
      args: [declared.input],
      memo: { ...declared.memo },
      searchAttributes: declared.searchAttributes as Record<string, string[]>,
      staticSummary: declared.summary,
    },
    // Fixed by the id: the server keeps the memo that a schedule was made with.
    memo: { managedBy, runbook, site },
    searchAttributes: { RunbookName: [runbook], RunbookSite: [site] },
    state: { paused: false, note: declared.note },
  } satisfies ScheduleOptions;
}

/** The server's word for a policy. */
export function overlapPolicyOf(name: string): ScheduleOverlapPolicy {
  const [policy] = Object.entries(overlapNames).find(([, called]) => called === name) ?? [];
  return policy as ScheduleOverlapPolicy;
}

function wholeDay({ year, month, dayOfMonth }: Calendar) {
  return {
    second: '*' as const,
    minute: '*' as const,
    hour: '*' as const,
    dayOfMonth: [...dayOfMonth],
    month: month.map((number) => MONTHS[number - 1]!),
    year: [...(year ?? [])],
  };
}

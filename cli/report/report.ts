import { type Asked } from '../../workflows/contract/approvals';
import { type Ending } from '../../workflows/contract/companions';
import { runbooks } from '../../workflows/contract/runbooks';
import { type ActivityRecord, activitiesOf } from './activities';
import { downtimeMs } from './downtime';
import { type FailureReport, failureOf } from './failure';
import { restoredTitles } from './guard';
import { decode, eventsOf, type History, inputOf } from './history';
import { type JobReport, jobsOf } from './jobs';

export type RunStatus = 'running' | Exclude<Ending, 'gone'>;

export interface StepReport {
  readonly title: string;
  readonly action: string;
  readonly state: ActivityRecord['state'];
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly attempts: number;
}

/** The steps people look at: that they were told something needs no telling, unless it went wrong. */
export function stepsToShow({ steps }: Pick<RunReport, 'steps'>): readonly StepReport[] {
  return steps.filter(({ action, state }) => action !== 'notify' || state === 'failed');
}

/** What scripts get from `run`, `watch` and `report --json`: stable. */
export interface RunReport {
  readonly workflowId: string;
  readonly runId: string;
  readonly runbook: string;
  /** Null until the run has loaded its site. */
  readonly site: string | null;
  readonly dryRun: boolean;
  readonly status: RunStatus;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly result: unknown;
  readonly failure: FailureReport | null;
  readonly steps: readonly StepReport[];
  readonly jobs: readonly JobReport[];
  readonly guard: { readonly status: RunStatus | 'none'; readonly restored: readonly string[] };
  readonly downtimeMs: number;
  readonly planDigest: string | null;
  /** Questions put to people, and their answers. */
  readonly asked: readonly Asked[];
}

/** What the server says of a run besides its history. */
export interface RunDescription {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly status: RunStatus;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly planDigest: string | null;
  readonly asked: readonly Asked[];
  /** Attempts of the activities that are under way, by activity id. */
  readonly attempts: Readonly<Record<string, number>>;
}

export interface ReportSources {
  readonly history: History;
  readonly description: RunDescription;
  readonly guard: { readonly history: History; readonly status: RunStatus } | null;
  /** Where production is still down, downtime is counted up to this moment. */
  readonly now: Date;
}

/** Builds the report of a run from histories alone: it works after *Terminate*, and with no worker. */
export function buildReport({ history, description, guard, now }: ReportSources): RunReport {
  const { workflowId, runId, workflowType, status, startedAt, endedAt, planDigest, asked } = description;
  const activities = activitiesOf(history);
  const guardActivities = guard ? activitiesOf(guard.history) : [];
  const steps = activities.filter(({ action }) => action !== null).map((each) => stepOf(each, description));
  const input = inputOf(history);
  const stillCounting = status === 'running' || guard?.status === 'running';
  return {
    workflowId,
    runId,
    runbook: runbookOf(workflowType),
    site: siteOf(activities, input),
    dryRun: input.dryRun === true,
    status,
    startedAt,
    endedAt,
    result: resultOf(history),
    failure: failureOf(history, steps),
    steps,
    jobs: jobsOf([...activities, ...guardActivities]),
    guard: guard
      ? { status: guard.status, restored: restoredTitles(guard.history, guardActivities) }
      : { status: 'none', restored: [] },
    downtimeMs: downtimeMs(
      [...activities, ...guardActivities].filter(({ type }) => type !== 'describeAction'),
      stillCounting || !endedAt ? now : new Date(endedAt),
    ),
    planDigest,
    asked,
  };
}

/** The runbook's name by its workflow type; a type that is no runbook stands for itself. */
export function runbookOf(workflowType: string): string {
  const known = Object.entries(runbooks).find(([, { workflow }]) => workflow === workflowType);
  return known?.[0] ?? workflowType;
}

function stepOf(activity: ActivityRecord, { status, endedAt, attempts }: RunDescription): StepReport {
  const { title, action, scheduledAt, activityId } = activity;
  // The end of the run is the end of what it was doing; whether that landed is for the guard to find out.
  const cutOff = activity.state === 'running' && status !== 'running';
  return {
    title,
    action: action!,
    state: cutOff ? 'failed' : activity.state,
    startedAt: scheduledAt,
    endedAt: cutOff ? endedAt : activity.endedAt,
    attempts: Math.max(activity.attempts, attempts[activityId] ?? 0),
  };
}

function siteOf(activities: readonly ActivityRecord[], input: Record<string, unknown>): string | null {
  const loaded = activities.find(({ type, state }) => type === 'loadSite' && state === 'done');
  const name = (loaded?.output as { name?: unknown } | undefined)?.name ?? input.site;
  return typeof name === 'string' ? name : null;
}

function resultOf(history: History): unknown {
  const completed = eventsOf(history).at(-1)?.workflowExecutionCompletedEventAttributes;
  return decode(completed?.result?.payloads?.[0]) ?? null;
}

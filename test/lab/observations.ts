import { failureTypeOf } from '../../activities/failures';
import { type ActionContext, type Implementations } from '../../activities/implementation';
import { type Call } from '../../workflows/contract/calls';
import { isJob, type SiteModel } from '../sim/site/model';
import { type Step } from './model-scenario';

/** What each action has come to, a line for each. */
export type Observations = readonly string[];

/** What the site in memory claims of an answer; not sizes, times and versions. */
const claims = [
  ...['changed', 'status', 'taskState', 'serving', 'note', 'fallbackAnswers', 'mounted', 'exists', 'authorized'],
  ...[
    'running',
    'healthy',
    'looksBack',
    'standIn',
    'forced',
    'marker',
    'archives',
    'removed',
    'key',
    'host',
    'state',
    'starts',
  ],
];

/** Carries the steps out by the real adapters. */
export async function observeAdapters(implementations: Implementations, steps: readonly Step[]): Promise<Observations> {
  const seen: string[] = [];
  for (const [index, step] of steps.entries()) {
    const withinMs = step.withinMs ?? 20_000;
    const deadline = AbortSignal.timeout(withinMs);
    const left = new AbortController();
    const context: ActionContext = {
      call: callOf(step, index),
      signal: AbortSignal.any([deadline, left.signal]),
      deadlineMs: Date.now() + withinMs,
      attempt: 1,
      jobStarted: false,
      progress: () => undefined,
      markJobStarted: () => step.leave && left.abort(),
    };
    const carry = implementations[step.action.action].do as (input: unknown, context: ActionContext) => Promise<object>;
    const answer = await carry(step.action.input, context).catch((error: unknown) => {
      if (left.signal.aborted) return 'runs';
      return deadline.aborted ? 'Unavailable' : failure(error);
    });
    seen.push(lineOf(step, answer));
  }
  return seen;
}

/** Carries the steps out on the site in memory, where a job that is not left ends at once. */
export function observeModel(model: SiteModel, steps: readonly Step[]): Observations {
  return steps.map((step, index) => {
    try {
      return lineOf(step, act(model, step, callOf(step, index)));
    } catch (error) {
      return lineOf(step, failure(error));
    }
  });
}

function act(model: SiteModel, { action: { action, input }, leave }: Step, call: Call): object | string {
  if (!isJob(action)) return model.perform(action, input, call);
  model.launch(action, input, call);
  if (leave) return 'runs';
  model.finish(call.key);
  return model.outcomeOf(call.key) ?? 'runs';
}

/** An error that is none of ours is a mistake of the test's. */
function failure(error: unknown): string {
  const type = failureTypeOf(error);
  if (!type) throw error;
  return type;
}

function lineOf({ action: { action }, key }: Step, answer: object | string): string {
  const asked = key ? `${action} ${key}` : action;
  if (typeof answer === 'string') return `${asked}: ${answer}`;
  const claimed = Object.entries(answer).filter(([field]) => claims.includes(field));
  return `${asked}: ${JSON.stringify(Object.fromEntries(claimed.sort(([one], [other]) => (one < other ? -1 : 1))))}`;
}

function callOf({ action: { action }, key, fence }: Step, index: number): Call {
  return {
    ...{ site: 'model', runbook: 'model', workflowId: 'model', runId: 'model', title: action },
    key: key ?? `${action}-${index}`,
    fence: fence === undefined ? null : { number: fence, resources: ['site'], scope: 'model' },
    ...{ guard: null, alarm: [] },
  };
}

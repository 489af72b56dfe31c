import {
  CancellationScope,
  condition,
  allHandlersFinished,
  defineQuery,
  defineUpdate,
  isCancellation,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { type AbortRequest, messages, type RunProgress } from '../contract/messages';
import { type Plan, planDigest } from '../contract/plan';
import { resolveSite } from '../contract/resolve-site';
import { type RunbookInput, type RunbookName, type RunbookResult, runbooks } from '../contract/runbooks';
import { parseWith, problemsText } from '../contract/problems';
import { Questions } from './ask';
import { ask } from './carry-out';
import { Checklist } from './checklist';
import { applicationFailure, fail, isLeftToGuard, stepFailure } from './failures';
import { type Ops } from './ops';
import { PlanOps } from './plan-ops';
import { RunOps } from './run-ops';

const abort = defineUpdate<void, [AbortRequest]>(messages.abort);
const progress = defineQuery<RunProgress>(messages.progress);
const plan = defineQuery<Plan>(messages.plan);

/** What a run returns: its result, or, for a dry run, the plan. */
export type RunOutcome<N extends RunbookName> = RunbookResult<N> | { readonly plan: Plan };

/**
 * Makes a workflow of a procedure.
 *
 * The input is parsed by the schema the command line used; a bad one ends the run at once. With `dryRun: true` the same
 * procedure makes a plan. The run ends completed, failed with one of the failure types, or cancelled.
 */
export function runbook<N extends RunbookName>(
  name: N,
  procedure: (ops: Ops, input: RunbookInput<N>) => Promise<RunbookResult<N>>,
): (input?: unknown) => Promise<RunOutcome<N>> {
  return async (rawInput) => {
    const { workflowId, runId } = workflowInfo();
    const checklist = new Checklist(name);
    const phase = (text: string) => {
      checklist.phase(text);
      upsertSearchAttributes({ RunbookPhase: [text] });
    };
    // Queries and updates may arrive before anything else is known.
    let planned: () => Plan = () => ({ steps: [], digest: planDigest([]) });
    let aborted: AbortRequest | null = null;
    const questions = new Questions(checklist, phase);
    questions.listen();
    setHandler(progress, () => checklist.progress(), { description: 'What the run has done so far' });
    setHandler(plan, () => planned(), { description: 'The plan so far, of a dry run' });
    setHandler(
      abort,
      async (request) => {
        aborted = request;
        upsertMemo({ abortedBy: request.who, abortedBecause: request.why });
        // Cancelled by the server, so that the run is closed as Cancelled.
        await CancellationScope.nonCancellable(() => ask.cancelRun({ workflowId, runId }));
      },
      {
        description: 'End the run, closing what it has open: { who, why }',
        validator: (request: Partial<AbortRequest> | undefined) => {
          if (typeof request?.who !== 'string' || !request.why?.trim())
            throw fail('InvalidInput', 'abort takes { "who": "...", "why": "..." }, and a reason that is not empty');
          const earlier = aborted;
          if (earlier) throw fail('Conflict', `already being aborted by ${earlier.who}: ${earlier.why}`);
        },
      },
    );

    const parsed = parseWith(runbooks[name].input, rawInput ?? {});
    if (!parsed.ok) throw fail('InvalidInput', `input of ${name}: ${problemsText(parsed.problems)}`);
    const input = parsed.value as RunbookInput<N>;

    const loaded = await ask.loadSite(input.site ?? null).catch((error: unknown) => {
      throw stepFailure('Load the site', 'read', error);
    });
    const site = resolveSite(loaded.name, loaded.document);
    upsertMemo({ siteSha256: loaded.sha256 });
    upsertSearchAttributes({
      RunbookName: [name],
      RunbookSite: [site.name],
      RunbookDryRun: [input.dryRun],
      RunbookPhase: [input.dryRun ? 'planning' : 'starting'],
    });

    if (input.dryRun) {
      const ops = new PlanOps(site, name, checklist);
      planned = () => ops.plan();
      await procedure(ops, input);
      upsertMemo({ planDigest: ops.plan().digest });
      checklist.end('Planned; nothing was changed.');
      upsertSearchAttributes({ RunbookOutcome: ['planned'] });
      return { plan: ops.plan() };
    }

    const work = new CancellationScope();
    const ops = new RunOps(site, name, checklist, questions, phase, () => work.cancel());
    let outcome: { result: RunbookResult<N> } | { error: unknown };
    try {
      await ops.tell('started', `${name} of ${site.name} has started`);
      outcome = { result: await work.run(() => procedure(ops, input)) };
    } catch (error) {
      outcome = { error };
    }
    const ended = await ops.end();
    if (ended && ('result' in outcome || isCancellation(outcome.error) || isLeftToGuard(outcome.error)))
      outcome = { error: ended };
    upsertMemo({ planDigest: planDigest(ops.steps) });

    const failure = 'error' in outcome ? outcomeFailure(outcome.error) : null;
    const ending = endingOf(failure, aborted, ops.remainder);
    phase(ending.outcome);
    upsertSearchAttributes({ RunbookOutcome: [ending.outcome] });
    checklist.end(ending.text);
    await ops.tell(failure ? 'failed' : 'done', `${name} of ${site.name}: ${ending.text}`);
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    if ('result' in outcome) return outcome.result;
    throw outcomeFailure(outcome.error);
  };
}

/** What the run ends with. A plain error is a bug: it is thrown as it is, and the workflow task waits for a fix. */
function outcomeFailure(error: unknown): Error {
  if (isCancellation(error)) return error as Error;
  const failure = applicationFailure(error);
  if (!failure) throw error;
  return failure;
}

interface Ending {
  readonly outcome: 'completed' | 'failed' | 'cancelled';
  /** For people. */
  readonly text: string;
}

function endingOf(failure: Error | null, aborted: AbortRequest | null, remainder: string): Ending {
  if (!failure) return { outcome: 'completed', text: 'done' };
  if (isCancellation(failure)) {
    const who = aborted ? `aborted by ${aborted.who}: ${aborted.why}` : 'cancelled';
    return { outcome: 'cancelled', text: `${who}. ${remainder}` };
  }
  const text = `${applicationFailure(failure)?.type}: ${failure.message}`;
  return { outcome: 'failed', text: failure.message === remainder ? text : `${text}. ${remainder}` };
}

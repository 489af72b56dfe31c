import { readFileSync } from 'node:fs';
import { type Context, runInContext } from 'node:vm';
import { TypedSearchAttributes } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time';
import { coresdk } from '@temporalio/proto';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm';
import { globalHandlers } from '@temporalio/worker/lib/workflow/vm-shared';
import { type WorkflowInfo } from '@temporalio/workflow';
import { fromPayload } from './payloads';

export type Job = coresdk.workflow_activation.IWorkflowActivationJob;
export type Command = coresdk.workflow_commands.IWorkflowCommand;

/** A workflow in the sandbox, between two activations. */
export interface Instance {
  /** @throws `WorkflowBug` when workflow code threw what is no failure, or did what replay cannot repeat */
  activate(activation: {
    jobs: Job[];
    atMs: number;
    isReplaying: boolean;
    continueAsNewSuggested: boolean;
  }): Promise<readonly Command[]>;
  query(name: string): Promise<unknown>;
  dispose(): Promise<void>;
}

export class WorkflowBug extends Error {}

/**
 * The real workflow bundle in the real sandbox, without a server and without a worker.
 *
 * Uses internal modules of the SDK: `sandbox.test.ts` tells when an upgrade has moved them.
 */
export class Sandbox {
  private constructor(private readonly creator: ReusableVMWorkflowCreator) {}

  static async load(bundleFile: string, activityNames: readonly string[]): Promise<Sandbox> {
    const bundle = parseWorkflowCode(readFileSync(bundleFile, 'utf8'), bundleFile);
    // No time limit: each activation would start a watchdog thread.
    const noLimit = undefined as unknown as number;
    const creator = await ReusableVMWorkflowCreator.create(bundle, noLimit, new Set(activityNames));
    // A stack trace for every promise is what a worker pays for its stack trace query.
    const hooks = globalHandlers as unknown as { stopPromiseHook: () => void; promiseHookInstalled: boolean };
    hooks.stopPromiseHook();
    hooks.promiseHookInstalled = false;
    // What is imported before there is a workflow is shared by all: workflow code has no state of its own in modules.
    runInContext('__TEMPORAL__.importWorkflows()', (creator as unknown as { context: Context }).context);
    return new Sandbox(creator);
  }

  async create(start: {
    workflowId: string;
    runId: string;
    workflowType: string;
    taskQueue: string;
    seed: number;
    atMs: number;
    /** What of the SDK's behaviour this run has relied on; added to. A replay has to be told. */
    flags: Set<number>;
  }): Promise<Instance> {
    const { runId, seed, atMs, flags } = start;
    const startTime = new Date(atMs);
    const info = {
      workflowId: start.workflowId,
      runId,
      workflowType: start.workflowType,
      taskQueue: start.taskQueue,
      namespace: 'default',
      firstExecutionRunId: runId,
      searchAttributes: {},
      typedSearchAttributes: new TypedSearchAttributes(),
      startTime,
      runStartTime: startTime,
      taskTimeoutMs: 10_000,
      attempt: 1,
      historyLength: 3,
      historySize: 0,
      continueAsNewSuggested: false,
      unsafe: { now: () => Date.now(), isReplaying: false, isReplayingHistoryEvents: false },
    } as unknown as WorkflowInfo;
    const workflow = await this.creator.createWorkflow({
      info,
      randomnessSeed: [24, 16, 8, 0].map((bits) => (seed >>> bits) & 255),
      now: atMs,
      showStackTraceSources: false,
    });
    let steps = 3;
    return {
      activate: async ({ jobs, atMs: now, isReplaying, continueAsNewSuggested }) => {
        const activation = coresdk.workflow_activation.WorkflowActivation.fromObject({
          runId,
          timestamp: msToTs(now),
          isReplaying,
          continueAsNewSuggested,
          availableInternalFlags: [...flags],
          historyLength: (steps += jobs.length + 2),
          jobs,
        });
        const completion = await workflow.activate(activation);
        if (!completion.successful) throw new WorkflowBug(bugText(completion.failed));
        for (const flag of completion.successful.usedInternalFlags ?? []) flags.add(flag);
        return completion.successful.commands ?? [];
      },
      query: async (name) => {
        const jobs = [{ queryWorkflow: { queryId: 'query', queryType: name } }];
        const completion = await workflow.activate(
          coresdk.workflow_activation.WorkflowActivation.fromObject({ runId, timestamp: msToTs(atMs), jobs }),
        );
        return fromPayload(completion.successful?.commands?.[0]?.respondToQuery?.succeeded?.response);
      },
      dispose: () => workflow.dispose(),
    };
  }
}

function bugText(failed: coresdk.workflow_completion.IFailure | null | undefined): string {
  const { message, stackTrace } = failed?.failure ?? {};
  return [message ?? 'the activation failed', stackTrace].filter(Boolean).join('\n');
}

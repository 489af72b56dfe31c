import { toPayload } from '../../test/sim/temporal/payloads';
import { type Instance, type Job, type Sandbox } from '../../test/sim/temporal/sandbox';

/** What workflows asked of a sandbox. */
export interface Work {
  created: number;
  activations: number;
  /** Spent in it, by SDK and workflow code; nothing of the simulation. */
  ms: number;
}

/** A sandbox that keeps account of what is asked of it. */
export function accounted(sandbox: Sandbox): { readonly sandbox: Sandbox; readonly work: Work } {
  const work = { created: 0, activations: 0, ms: 0 };
  const timed = async <T>(asked: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    return await asked().finally(() => (work.ms += performance.now() - startedAt));
  };
  const accounting = Object.create(sandbox) as Sandbox;
  accounting.create = async (start) => {
    work.created += 1;
    const instance = await timed(() => sandbox.create(start));
    const activate: Instance['activate'] = (activation) => {
      work.activations += 1;
      return timed(() => instance.activate(activation));
    };
    return { ...instance, activate };
  };
  return { sandbox: accounting, work };
}

/** As many activations, each of a workflow of its own with nothing in it. */
export async function empty(sandbox: Sandbox, { activations }: Work): Promise<void> {
  for (let number = 0; number < activations; number++) await emptyActivations(sandbox, 'empty', number, 1);
}

/** As many workflows, each with its share of the activations, and nothing in those but to ask for the next. */
export async function idle(sandbox: Sandbox, { created, activations }: Work): Promise<void> {
  for (let number = 0; number < created; number++) {
    const share = Math.floor(((number + 1) * activations) / created) - Math.floor((number * activations) / created);
    await emptyActivations(sandbox, 'idle', number, share);
  }
}

async function emptyActivations(
  sandbox: Sandbox,
  workflowType: 'empty' | 'idle',
  number: number,
  activations: number,
): Promise<void> {
  const workflowId = `${workflowType}/${number}`;
  const runId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const start = { workflowId, runId, workflowType, taskQueue: 'bench', seed: number, atMs: 0 };
  const instance = await sandbox.create({ ...start, flags: new Set() });
  const first = { workflowId, workflowType, arguments: [toPayload(activations)], attempt: 1 };
  let jobs: Job[] = [{ initializeWorkflow: first }];
  for (let activation = 0; activation < activations; activation++) {
    const at = { atMs: activation, isReplaying: false, continueAsNewSuggested: false };
    const [command] = await instance.activate({ jobs, ...at });
    jobs = [{ fireTimer: { seq: command?.startTimer?.seq } }];
  }
  await instance.dispose();
}

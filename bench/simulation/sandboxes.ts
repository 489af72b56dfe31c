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

/** The same work with workflows that do nothing: as many, each with its share of the activations. */
export async function idle(sandbox: Sandbox, { created, activations }: Work): Promise<void> {
  for (let workflow = 0; workflow < created; workflow++) {
    const share = Math.floor(((workflow + 1) * activations) / created) - Math.floor((workflow * activations) / created);
    await idleOnce(sandbox, workflow, share);
  }
}

async function idleOnce(sandbox: Sandbox, number: number, activations: number): Promise<void> {
  const workflowId = `empty/${number}`;
  const runId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const start = { workflowId, runId, workflowType: 'empty', taskQueue: 'bench', seed: number, atMs: 0 };
  const instance = await sandbox.create({ ...start, flags: new Set() });
  const first = { workflowId, workflowType: 'empty', arguments: [toPayload(activations)], attempt: 1 };
  let jobs: Job[] = [{ initializeWorkflow: first }];
  for (let activation = 0; activation < activations; activation++) {
    const at = { atMs: activation, isReplaying: false, continueAsNewSuggested: false };
    const [command] = await instance.activate({ jobs, ...at });
    jobs = [{ fireTimer: { seq: command?.startTimer?.seq } }];
  }
  await instance.dispose();
}

import { optionalTsToMs } from '@temporalio/common/lib/time';
import { type coresdk } from '@temporalio/proto';
import { type Clock } from '../clock';
import { type Random } from '../random';
import { ActivityTask, type ActivityHost, type Attempt } from './activity-task';
import { Execution, type Outcome, type Start } from './execution';
import { canceled, childFailure, type Failure, fromPayload, toPayload } from './payloads';
import { type Command, type Job, type Sandbox, WorkflowBug } from './sandbox';

/** The workers, as the server sees them. */
export interface Workers {
  polls(queue: string): boolean;
  carryOut(attempt: Attempt): void;
}

/** What happens, for invariants and traces. */
export interface Observer {
  started(run: Execution): void;
  commanded(run: Execution, command: Command): void;
  closed(run: Execution): void;
  signalled(run: Execution, name: string, args: readonly unknown[]): void;
}

const protocol = { alreadyExists: 1, terminateChild: 1, requestCancelChild: 3, abandonChild: 0 } as const;

/**
 * As much of a Temporal server as workflows see of it: executions, workflow tasks, timers, activities, children,
 * signals, updates and resets, in virtual time.
 *
 * A workflow task is one moment: no command is refused because something arrived meanwhile.
 */
export class TemporalServer implements ActivityHost {
  /** By workflow id, the latest last. */
  readonly #executions = new Map<string, Execution[]>();
  readonly #waiting: ActivityTask[] = [];
  #updates = 0;
  #runs = 0;
  /** While it is away, nothing is handed out. */
  away = false;

  constructor(
    readonly clock: Clock,
    private readonly random: Random,
    private readonly sandbox: Sandbox,
    private readonly workers: Workers,
    private readonly observer: Observer,
  ) {}

  /** Of the shape the server gives them: it fails the task of a workflow that names another. */
  #newRunId(): string {
    return `00000000-0000-4000-8000-${String(++this.#runs).padStart(12, '0')}`;
  }

  /** @returns null if one of that id runs already */
  start(start: Omit<Start, 'runId'>): Execution | null {
    if (this.latest(start.workflowId)?.running) return null;
    const run = this.#add({ ...start, runId: this.#newRunId() });
    this.#tell(run, {
      initializeWorkflow: {
        workflowId: start.workflowId,
        workflowType: start.type,
        arguments: start.args.map(toPayload),
        attempt: 1,
      },
    });
    return run;
  }

  latest(workflowId: string): Execution | undefined {
    return this.#executions.get(workflowId)?.at(-1);
  }

  /** The execution of that run id, or the latest. */
  find(workflowId: string, runId?: string | null): Execution | undefined {
    return runId
      ? this.#executions.get(workflowId)?.find(({ start }) => start.runId === runId)
      : this.latest(workflowId);
  }

  all(): readonly Execution[] {
    return [...this.#executions.values()].flat();
  }

  /** @returns whether there is one to take it */
  signal(workflowId: string, runId: string | null, name: string, args: readonly unknown[]): boolean {
    const run = this.find(workflowId, runId);
    if (!run?.running) return false;
    this.observer.signalled(run, name, args);
    this.#tell(run, { signalWorkflow: { signalName: name, input: args.map(toPayload), identity: 'simulation' } });
    return true;
  }

  cancel(run: Execution): void {
    if (run.running) this.#tell(run, { cancelWorkflow: { reason: 'simulation' } });
  }

  terminate(run: Execution, kind: 'terminated' | 'timedOut' = 'terminated'): void {
    if (!run.running) return;
    const event = kind === 'terminated' ? 'workflowExecutionTerminated' : 'workflowExecutionTimedOut';
    run.record(this.clock.nowMs, { [`${event}EventAttributes`]: {} });
    this.#close(run, { kind });
  }

  update(run: Execution, name: string, argument: unknown): void {
    const id = `update-${++this.#updates}`;
    this.#tell(run, {
      doUpdate: { id, protocolInstanceId: id, name, input: [toPayload(argument)], meta: {}, runValidator: true },
    });
  }

  /**
   * Ends a run and begins it anew from one of its workflow tasks on: what it had scheduled until then and not heard of
   * is scheduled again, signals that came later are delivered again.
   */
  reset(run: Execution, keep: number): void {
    // The server refuses to reset what has not come to its first task.
    if (!run.running || run.tasks.length === 0) return;
    while (keep < run.tasks.length && startsChild(run.tasks[keep - 1])) keep += 1;
    const kept = run.tasks.slice(0, keep);
    const later = run.tasks
      .slice(keep)
      .flatMap(({ jobs }) => jobs)
      .concat(run.pending);
    this.terminate(run);
    const { parent: _parent, ...start } = run.start;
    const next = this.#add({ ...start, runId: this.#newRunId() });
    run.resetTo = next;
    next.memo = { ...run.memo };
    for (const flag of run.flags) next.flags.add(flag);
    next.tasks.push(...kept);
    next.completed.push(...succeeded(kept));
    for (const { seq, command } of unresolved(kept)) this.#redo(next, command, seq);
    this.#tell(next, { updateRandomSeed: { randomnessSeed: this.#seedOf(next) as unknown as Long } });
    for (const job of later) if (job.signalWorkflow) this.#tell(next, job);
  }

  /** Offers everything that waits: a worker has come, or the server is back. */
  offer(): void {
    for (const run of this.all()) this.#wake(run);
    for (const task of this.#waiting.splice(0)) this.dispatch(task);
  }

  /** A worker has died with what it had in its cache. */
  async evict(queues: (queue: string) => boolean): Promise<void> {
    for (const run of this.all())
      if (run.instance && queues(run.start.queue)) {
        await run.instance.dispose();
        run.instance = null;
      }
  }

  dispatch(task: ActivityTask): void {
    this.clock.after(this.#latency('activity', task.run.id, task.type), () => {
      if (task.closed) return;
      if (this.away || !this.workers.polls(task.queue)) this.#waiting.push(task);
      else this.workers.carryOut(task.begin());
    });
  }

  resolve(task: ActivityTask, result: coresdk.activity_result.IActivityResolution): void {
    task.run.activities.delete(task.schedule.seq ?? 0);
    if (result?.completed) task.run.completed.push(task.type);
    this.#tell(task.run, { resolveActivity: { seq: task.schedule.seq, result } });
  }

  #add(start: Start): Execution {
    const run = new Execution(start, this.clock.nowMs);
    this.#executions.set(start.workflowId, [...(this.#executions.get(start.workflowId) ?? []), run]);
    this.observer.started(run);
    return run;
  }

  #tell(run: Execution, job: Job): void {
    if (!run.running) return;
    run.pending.push(job);
    this.#wake(run);
  }

  #wake(run: Execution): void {
    if (run.taskDue || !run.running || run.pending.length === 0) return;
    run.taskDue = true;
    this.clock.after(this.#latency('task', run.id, run.tasks.length), async () => {
      run.taskDue = false;
      if (run.running && !this.away && this.workers.polls(run.start.queue)) await this.#task(run);
    });
  }

  /** One workflow task; on a worker that has no cache of the run, what came before is replayed first. */
  async #task(run: Execution): Promise<void> {
    if (!run.instance) await this.#load(run);
    const jobs = ordered(run.pending.splice(0));
    const atMs = this.clock.nowMs;
    const commands = await this.#activate(run, run.tasks.length, jobs, atMs, false);
    run.tasks.push({ atMs, jobs, commands });
    for (const command of commands) {
      this.observer.commanded(run, command);
      await this.#obey(run, command);
    }
  }

  async #load(run: Execution): Promise<void> {
    const { workflowId, runId, type, queue } = run.start;
    run.instance = await this.sandbox.create({
      workflowId,
      runId,
      workflowType: type,
      taskQueue: queue,
      seed: this.#seedOf(run),
      atMs: run.tasks[0]?.atMs ?? this.clock.nowMs,
      flags: run.flags,
    });
    const patches = run.tasks
      .flatMap(({ commands }) => commands)
      .flatMap(({ setPatchMarker }) =>
        setPatchMarker ? [{ notifyHasPatch: { patchId: setPatchMarker.patchId } }] : [],
      );
    for (const [index, task] of run.tasks.entries()) {
      const jobs = index === 0 ? [...task.jobs, ...patches] : task.jobs;
      const commands = await this.#activate(run, index, jobs, task.atMs, true);
      const [before, now] = [task.commands, commands].map((list) => list.map(kindOf).join(', '));
      if (before !== now)
        throw new WorkflowBug(
          `${run.id}: nondeterminism: a replay made ${now || 'nothing'}, the run had made ${before}`,
        );
    }
  }

  async #activate(
    run: Execution,
    index: number,
    jobs: Job[],
    atMs: number,
    isReplaying: boolean,
  ): Promise<readonly Command[]> {
    // The server suggests it of long histories; the sooner, the more is seen of it.
    const continueAsNewSuggested = index >= this.random.integer(4, 60, 'long history', run.start.runId);
    try {
      return (await run.instance?.activate({ jobs: [...jobs], atMs, isReplaying, continueAsNewSuggested })) ?? [];
    } catch (error) {
      if (error instanceof WorkflowBug) error.message = `${run.id}: ${error.message}`;
      throw error;
    }
  }

  async #obey(run: Execution, command: Command): Promise<void> {
    const { nowMs } = this.clock;
    if (command.scheduleActivity) {
      const task = new ActivityTask(run, command.scheduleActivity, this);
      run.activities.set(command.scheduleActivity.seq ?? 0, task);
    } else if (command.requestCancelActivity) {
      run.activities.get(command.requestCancelActivity.seq ?? 0)?.requestCancel();
    } else if (command.startTimer) {
      this.#startTimer(
        run,
        command.startTimer.seq ?? 0,
        nowMs + (optionalTsToMs(command.startTimer.startToFireTimeout) ?? 0),
      );
    } else if (command.cancelTimer) {
      run.timers.get(command.cancelTimer.seq ?? 0)?.();
    } else if (command.startChildWorkflowExecution) {
      this.#startChild(run, command);
    } else if (command.cancelChildWorkflowExecution) {
      this.#cancelChild(run, command.cancelChildWorkflowExecution.childWorkflowSeq ?? 0);
    } else if (command.signalExternalWorkflowExecution) {
      this.#signalExternal(run, command);
    } else if (command.modifyWorkflowProperties) {
      const fields = command.modifyWorkflowProperties.upsertedMemo?.fields ?? {};
      for (const [key, payload] of Object.entries(fields)) run.memo[key] = fromPayload(payload);
    } else if (command.completeWorkflowExecution) {
      this.#close(run, { kind: 'completed', result: fromPayload(command.completeWorkflowExecution.result) });
    } else if (command.failWorkflowExecution) {
      this.#close(run, { kind: 'failed', failure: command.failWorkflowExecution.failure as Failure });
    } else if (command.cancelWorkflowExecution) {
      this.#close(run, { kind: 'cancelled' });
    } else if (command.continueAsNewWorkflowExecution) {
      const { workflowType, arguments: args } = command.continueAsNewWorkflowExecution;
      const next = this.#newRunId();
      this.#close(run, { kind: 'continued', next });
      const { start } = run;
      const renewed = this.#add({
        ...start,
        runId: next,
        type: workflowType || start.type,
        args: (args ?? []).map(fromPayload),
      });
      this.#tell(renewed, {
        initializeWorkflow: { workflowId: run.id, workflowType: renewed.start.type, arguments: args, attempt: 1 },
      });
    }
  }

  #startTimer(run: Execution, seq: number, atMs: number): void {
    run.timers.set(
      seq,
      this.clock.at(atMs, () => {
        run.timers.delete(seq);
        this.#tell(run, { fireTimer: { seq } });
      }),
    );
  }

  #startChild(run: Execution, { startChildWorkflowExecution: child }: Command): void {
    const seq = child?.seq ?? 0;
    const workflowId = child?.workflowId ?? '';
    const started = this.start({
      workflowId,
      type: child?.workflowType ?? '',
      queue: child?.taskQueue || run.start.queue,
      args: (child?.input ?? []).map(fromPayload),
      parent: { run, seq, closePolicy: child?.parentClosePolicy ?? 0 },
    });
    if (started) {
      run.children.set(seq, started);
      this.#tell(run, { resolveChildWorkflowExecutionStart: { seq, succeeded: { runId: started.start.runId } } });
    } else {
      const failed = { workflowId, workflowType: child?.workflowType, cause: protocol.alreadyExists };
      this.#tell(run, { resolveChildWorkflowExecutionStart: { seq, failed } });
    }
  }

  #cancelChild(run: Execution, seq: number): void {
    const child = run.children.get(seq);
    if (!child) return;
    const started = run.tasks
      .flatMap(({ commands }) => commands)
      .find((command) => command.startChildWorkflowExecution?.seq === seq);
    const abandoned = (started?.startChildWorkflowExecution?.cancellationType ?? 0) === protocol.abandonChild;
    if (!abandoned) return this.cancel(child);
    run.children.delete(seq);
    this.#tell(run, {
      resolveChildWorkflowExecution: { seq, result: { cancelled: { failure: childFailure(child, canceled) } } },
    });
  }

  #signalExternal(run: Execution, { signalExternalWorkflowExecution: signal }: Command): void {
    const { workflowId, runId } = signal?.workflowExecution ?? {};
    const seq = signal?.seq ?? 0;
    this.clock.after(this.#latency('signal', run.id, seq), () => {
      const args = (signal?.args ?? []).map(fromPayload);
      const known = this.signal(workflowId ?? '', runId || null, signal?.signalName ?? '', args);
      const failure = {
        message: 'Unable to signal external workflow because it was not found',
        applicationFailureInfo: {},
      };
      this.#tell(run, { resolveSignalExternalWorkflow: { seq, ...(known ? {} : { failure }) } });
    });
  }

  #close(run: Execution, outcome: Outcome): void {
    run.outcome = outcome;
    for (const takeBack of run.timers.values()) takeBack();
    for (const task of run.activities.values()) task.orphan();
    run.timers.clear();
    run.activities.clear();
    run.pending = [];
    for (const child of run.children.values()) {
      const policy = child.start.parent?.closePolicy;
      // Unspecified is terminate.
      if (policy === 0 || policy === protocol.terminateChild) this.terminate(child);
      if (policy === protocol.requestCancelChild) this.cancel(child);
    }
    this.#tellParent(run, outcome);
    this.observer.closed(run);
    for (const tell of run.closed) tell();
  }

  #tellParent(run: Execution, outcome: Outcome): void {
    const { parent } = run.start;
    if (!parent) return;
    // A reset run hears of the children of the run before it.
    const told = parent.run.resetTo ?? parent.run;
    if (!told.children.delete(parent.seq)) return;
    const result =
      outcome.kind === 'completed'
        ? { completed: { result: toPayload(outcome.result) } }
        : {
            failed: {
              failure: childFailure(run, outcome.kind === 'failed' ? outcome.failure : { message: outcome.kind }),
            },
          };
    this.#tell(told, { resolveChildWorkflowExecution: { seq: parent.seq, result } });
  }

  /** What the kept part of a reset run waits for. */
  #redo(next: Execution, command: Command, seq: number): void {
    if (command.scheduleActivity) next.activities.set(seq, new ActivityTask(next, command.scheduleActivity, this));
    else if (command.startTimer)
      this.#startTimer(next, seq, this.clock.nowMs + (optionalTsToMs(command.startTimer.startToFireTimeout) ?? 0));
    else if (command.startChildWorkflowExecution) {
      const child = this.latest(command.startChildWorkflowExecution.workflowId ?? '');
      if (child) next.children.set(seq, child);
    } else if (command.signalExternalWorkflowExecution) this.#tell(next, { resolveSignalExternalWorkflow: { seq } });
  }

  #seedOf(run: Execution): number {
    return this.random.integer(0, 2 ** 31, 'seed', run.start.runId);
  }

  #latency(...words: readonly (string | number)[]): number {
    return this.random.duration(1, 20, ...words, this.clock.nowMs);
  }
}

type Long = NonNullable<NonNullable<Job['updateRandomSeed']>['randomnessSeed']>;

/** As a worker is told: what the run is, signals and updates, then the rest. */
function ordered(jobs: readonly Job[]): Job[] {
  const rank = (job: Job) =>
    job.initializeWorkflow ? 0 : job.updateRandomSeed ? 1 : job.signalWorkflow || job.doUpdate ? 2 : 3;
  return [...jobs].sort((a, b) => rank(a) - rank(b));
}

export const kindOf = (command: Command): string => Object.keys(command).find((key) => key !== 'userMetadata') ?? '';

/** Activities whose success is among these tasks. */
function succeeded(tasks: Execution['tasks']): string[] {
  const types = new Map<unknown, string>();
  for (const { scheduleActivity } of tasks.flatMap(({ commands }) => commands))
    if (scheduleActivity) types.set(scheduleActivity.seq, scheduleActivity.activityType ?? '');
  return tasks
    .flatMap(({ jobs }) => jobs)
    .filter(({ resolveActivity }) => resolveActivity?.result?.completed)
    .map(({ resolveActivity }) => types.get(resolveActivity?.seq) ?? '');
}

/** A server does not reset to between a child's start and its answer. */
const startsChild = (task: Execution['tasks'][number] | undefined) =>
  task?.commands.some((command) => command.startChildWorkflowExecution) === true;

/** Commands of these tasks whose answer is not among them. */
function unresolved(tasks: Execution['tasks']): { seq: number; command: Command }[] {
  const open = new Map<string, { seq: number; command: Command }>();
  for (const { jobs, commands } of tasks) {
    for (const job of jobs) {
      if (job.resolveActivity) open.delete(`activity ${job.resolveActivity.seq}`);
      if (job.fireTimer) open.delete(`timer ${job.fireTimer.seq}`);
      if (job.resolveChildWorkflowExecution) open.delete(`child ${job.resolveChildWorkflowExecution.seq}`);
      if (job.resolveSignalExternalWorkflow) open.delete(`signal ${job.resolveSignalExternalWorkflow.seq}`);
    }
    for (const command of commands) {
      const { scheduleActivity, startTimer, startChildWorkflowExecution: child } = command;
      const signal = command.signalExternalWorkflowExecution;
      if (scheduleActivity) open.set(`activity ${scheduleActivity.seq}`, { seq: scheduleActivity.seq ?? 0, command });
      if (startTimer) open.set(`timer ${startTimer.seq}`, { seq: startTimer.seq ?? 0, command });
      if (signal) open.set(`signal ${signal.seq}`, { seq: signal.seq ?? 0, command });
      if (command.cancelTimer) open.delete(`timer ${command.cancelTimer.seq}`);
      if (child) open.set(`child ${child.seq}`, { seq: child.seq ?? 0, command });
    }
  }
  return [...open.values()];
}

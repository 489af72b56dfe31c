import { type ActionName, definitionOf, type ReadName } from '../../workflows/contract/actions';
import { type Call } from '../../workflows/contract/calls';
import { actionBehind } from '../../workflows/contract/each';
import { guardIdOf } from '../../workflows/contract/messages';
import { fail } from '../../activities/failures';
import { refuseReset, refuseUnguarded } from '../../activities/guarded';
import { failureOfAttempt, noticeOfClose } from '../../activities/perform';
import { type Clock } from './clock';
import { type Companions } from './companions';
import { type Disturbance, type Fault, isAttemptFault, type Phase } from './faults';
import { type Random } from './random';
import { isJob, type SiteModel } from './site/model';
import { type Attempt } from './temporal/activity-task';
import { type Execution } from './temporal/execution';
import { type TemporalServer, type Workers } from './temporal/server';

type WorkerName = 'runbooks' | 'guard';

/** How long an action takes, in ms: from, to. */
const durations: Partial<Record<ActionName, readonly [number, number]>> = {
  startServer: [1000, 30_000],
  stopServer: [500, 60_000],
  stopDatabase: [200, 8000],
  startDatabase: [200, 15_000],
  takeProductionDown: [100, 5000],
  bringProductionUp: [100, 5000],
};
const jobDuration = [200, 40_000] as const;
/** A command that launches a job takes no longer. */
const launchMs = 30_000;
/** A request that was sent at the very end of an attempt may take this long to arrive; `lastLandingOf` counts on it. */
const lateMs = 1000;
/** A worker goes on trying to deliver an answer for this long while the server is away. */
const deliveryMs = 20_000;

interface InHand {
  readonly attempt: Attempt;
  readonly worker: WorkerName;
  dead: boolean;
}

/**
 * The workers: carry attempts out on the site, with the faults that the scenario has for them.
 *
 * What surrounds every action in `activities/perform.ts` is done here too: the guard is looked at first, changes are
 * not cut short, people are told of closes that do not succeed.
 */
export class SimulatedWorkers implements Workers {
  readonly #alive: Record<WorkerName, number> = { runbooks: 0, guard: 0 };
  readonly #inHand = new Set<InHand>();
  readonly #count = new Map<string, number>();
  readonly #failing = new Map<string, Fault & { kind: 'fail' }>();
  /** Effects on their way. */
  landing = 0;
  server!: TemporalServer;
  companions!: Companions;
  /** A change takes effect whose run has cancelled it and not waited. */
  abandonedLands: (action: ActionName, call: Call) => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly site: SiteModel,
    private readonly faults: readonly Fault[],
    private readonly happen: (fault: Disturbance) => void,
    private readonly say: (text: string) => void,
  ) {}

  polls(queue: string): boolean {
    return this.#alive[nameOf(queue)] === 0;
  }

  /** @returns the worker is back */
  die(which: 'runbooks' | 'guard' | 'both', forMs: number): void {
    for (const name of which === 'both' ? (['runbooks', 'guard'] as const) : [which]) {
      this.#alive[name] += 1;
      for (const held of this.#inHand)
        if (held.worker === name && !held.dead) {
          held.dead = true;
          held.attempt.task.silent(
            held.attempt,
            this.clock.nowMs - this.random.integer(0, 1000, 'silent', this.clock.nowMs),
          );
        }
      this.clock.after(0, () => this.server.evict((queue) => nameOf(queue) === name));
      this.clock.after(forMs, () => {
        this.#alive[name] -= 1;
        this.say(`worker ${name} is back`);
        this.server.offer();
      });
    }
  }

  carryOut(attempt: Attempt): void {
    const { task, number } = attempt;
    const nth = (this.#count.get(task.type) ?? 0) + 1;
    this.#count.set(task.type, nth);
    const held: InHand = { attempt, worker: nameOf(task.queue), dead: false };
    this.#inHand.add(held);
    this.say(`${task.run.id} ${task.type} attempt ${number}`);
    const faults = this.faults.filter(({ at }) => at.action === task.type && at.nth === nth);
    const reach = (phase: Phase) => {
      for (const fault of faults) if (fault.at.phase === phase && !isAttemptFault(fault)) this.happen(fault);
    };
    reach('started');
    const fault = faults.find(isAttemptFault);
    const action = actionBehind(task.type);
    if (action) this.#act(held, action, reach, fault);
    else this.companions.carryOut(attempt, (delayMs, answer) => this.#answer(held, delayMs, answer, reach));
  }

  #act(held: InHand, action: ActionName, reach: (phase: Phase) => void, fault: Fault | undefined): void {
    const { attempt } = held;
    const { task, number } = attempt;
    const [input, call] = task.args as [never, Call];
    const words = [call.workflowId, call.runId, call.key, task.run.id, number] as const;
    const [low, high] = durations[action] ?? [5, 500];
    const limit = isJob(action) ? launchMs : task.startToCloseMs;
    const takes = Math.min(this.random.duration(low, high, 'acts', ...words), limit - 2000);
    const lastMs = attempt.startedAtMs + limit + lateMs;
    const { effect, profile, cancellable } = definitionOf(action);
    const cutShort = effect === 'read' || profile === 'job' || cancellable === true;
    let unsent = false;
    attempt.onCancel = () => {
      if (!cutShort || unsent) return;
      this.clock.after(this.random.integer(50, 1000, 'cancel', ...words), () => {
        // What has been sent by then takes effect all the same.
        if (this.random.share('sent', ...words) < 0.5) unsent = true;
        if (!held.dead) task.canceled(attempt);
      });
    };

    const failing = this.#failing.get(action);
    if (fault?.kind === 'fail' && !failing) this.#failing.set(action, { ...fault });
    const refuse = failing ?? (fault?.kind === 'fail' ? fault : undefined);
    if (refuse) {
      const left = (this.#failing.get(action)?.times ?? 1) - 1;
      if (left > 0) this.#failing.set(action, { ...refuse, times: left });
      else this.#failing.delete(action);
    }

    const lookMs = this.random.duration(1, 30, 'look', ...words);
    this.clock.after(lookMs, () => {
      if (held.dead || (attempt.over && cutShort)) return void this.#inHand.delete(held);
      let refusal: unknown = null;
      try {
        if (this.server.away) throw fail('Unavailable', 'the guard cannot be looked at: Temporal is away');
        if (profile !== 'notify') this.#requireGuard(call, task.run);
        if (refuse) throw fail(refuse.type, `${action} was made to fail`);
      } catch (error) {
        refusal = error;
      }
      if (refusal) return this.#answer(held, refuse ? takes : 0, () => this.#failed(held, call, refusal), reach);

      const land = (atMs: number) => {
        this.landing += 1;
        this.clock.at(Math.min(atMs, lastMs), () => {
          this.landing -= 1;
          // A worker that died had sent it, or had not.
          if (unsent || (held.dead && this.random.share('dead', ...words) < 0.5)) return;
          this.#effect(held, action, input, call, reach, fault);
        });
      };
      const actsAt = this.clock.nowMs + takes;
      if (fault?.kind === 'act late') {
        land(attempt.startedAtMs + fault.share * (limit + lateMs));
        if (fault.silent) task.silent(attempt, this.clock.nowMs);
        else
          this.#answer(held, takes, () => this.#failed(held, call, fail('Unavailable', 'the connection broke')), reach);
      } else {
        if (fault?.kind === 'act twice') land(actsAt - 1);
        land(actsAt);
      }
    });
  }

  /** The action takes effect, and if anybody waits for it, is answered. */
  #effect(
    held: InHand,
    action: ActionName,
    input: never,
    call: Call,
    reach: (phase: Phase) => void,
    fault: Fault | undefined,
  ): void {
    const { attempt } = held;
    if (attempt.abandoned && definitionOf(action).effect === 'change') this.abandonedLands(action, call);
    try {
      if (isJob(action)) {
        const isNew = !this.site.jobs.has(call.key);
        this.site.launch(action, input, call);
        attempt.task.heartbeatDetails = { jobStarted: true };
        if (isNew)
          this.clock.after(this.random.duration(...jobDuration, 'job', call.key), () => this.site.finish(call.key));
        reach('acted');
        return this.#followJob(held, call, reach, fault);
      }
      const isSlice = attempt.task.type !== action;
      const output = isSlice
        ? this.site.performEach(action as ReadName, input, call)
        : (this.companions.act(action, input, call) ?? this.site.perform(action, input, call));
      reach('acted');
      if (fault?.kind === 'hang') return attempt.task.silent(attempt, this.clock.nowMs);
      const answer =
        fault?.kind === 'lose the answer'
          ? () => this.#failed(held, call, fail('Unavailable', 'the connection broke before the answer'))
          : () => this.#succeeded(held, call, output);
      this.#answer(held, this.random.duration(1, 50, 'answer', call.key, attempt.number), answer, reach);
    } catch (error) {
      reach('acted');
      this.#answer(held, 0, () => this.#failed(held, call, error), reach);
    }
  }

  #followJob(held: InHand, call: Call, reach: (phase: Phase) => void, fault: Fault | undefined): void {
    const { attempt } = held;
    if (attempt.over || held.dead) return void this.#inHand.delete(held);
    if (fault?.kind === 'hang') return attempt.task.silent(attempt, this.clock.nowMs);
    const broken = fault?.kind === 'lose the answer' && this.random.share('poll', call.key, this.clock.nowMs) < 0.2;
    try {
      this.site.requireJobHost(this.site.jobs.get(call.key).host);
      if (broken) throw fail('Unavailable', 'the connection broke');
      const output = this.site.outcomeOf(call.key);
      if (output) return this.#answer(held, 0, () => this.#succeeded(held, call, output), reach);
    } catch (error) {
      return this.#answer(held, 0, () => this.#failed(held, call, error), reach);
    }
    this.clock.after(500, () => this.#followJob(held, call, reach, fault));
  }

  #requireGuard(call: Call, run: Execution): void {
    refuseReset(call, { workflowId: run.id, runId: run.start.runId });
    const guard = this.server.latest(guardIdOf(call.workflowId));
    refuseUnguarded(call, guard ? { running: guard.running, memo: guard.memo } : null);
  }

  #answer(held: InHand, delayMs: number, answer: () => void, reach: (phase: Phase) => void): void {
    this.clock.after(delayMs, () => {
      this.#deliver(held, answer, this.clock.nowMs + deliveryMs);
      reach('answered');
    });
  }

  /** An answer that cannot be delivered in time is dropped: the server hears nothing more of the attempt. */
  #deliver(held: InHand, answer: () => void, untilMs: number): void {
    if (held.dead) return void this.#inHand.delete(held);
    if (!this.server.away) {
      this.#inHand.delete(held);
      return answer();
    }
    if (this.clock.nowMs < untilMs) this.clock.after(1000, () => this.#deliver(held, answer, untilMs));
    else {
      this.#inHand.delete(held);
      held.attempt.task.silent(held.attempt, this.clock.nowMs);
    }
  }

  #succeeded({ attempt }: InHand, call: Call, output: unknown): void {
    this.#notice(call, attempt.number, null);
    attempt.task.complete(attempt, output);
  }

  #failed({ attempt }: InHand, call: Call, error: unknown): void {
    this.#notice(call, attempt.number, error);
    this.say(
      `${attempt.task.run.id} ${attempt.task.type} attempt ${attempt.number} failed: ${(error as Error).message}`,
    );
    attempt.task.fail(
      attempt,
      failureOfAttempt(actionBehind(attempt.task.type) as ActionName, call, attempt.number, error),
    );
  }

  #notice(call: Call, number: number, error: unknown): void {
    const notice = noticeOfClose(call, number, error);
    if (notice) this.site.inform({ ...notice, run: call.workflowId });
  }
}

const nameOf = (queue: string): WorkerName => (queue.endsWith('-guard') ? 'guard' : 'runbooks');

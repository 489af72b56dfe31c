import { optionalTsToMs } from '@temporalio/common/lib/time';
import { coresdk } from '@temporalio/proto';
import { type Clock } from '../clock';
import { type Execution } from './execution';
import { activityFailure, canceled, type Failure, fromPayload, timedOut, toFailure, toPayload } from './payloads';

type Schedule = coresdk.workflow_commands.IScheduleActivity;
const { ActivityCancellationType } = coresdk.workflow_commands;
type Resolution = coresdk.activity_result.IActivityResolution;

/** One attempt, in the hands of a worker. What it says after it is `over` reaches nobody. */
export interface Attempt {
  readonly task: ActivityTask;
  readonly number: number;
  readonly startedAtMs: number;
  /** The server has given it up, or its run has ended. */
  over: boolean;
  /** Its run has cancelled it and goes on without waiting for what becomes of it. */
  abandoned: boolean;
  /** Set by the worker: told with the next heartbeat that it is no longer wanted. */
  onCancel: () => void;
}

/** How the server and its workers get on with an activity. */
export interface ActivityHost {
  readonly clock: Clock;
  /** Gives an attempt to a worker of that queue, now or when there is one. */
  dispatch(task: ActivityTask): void;
  resolve(task: ActivityTask, resolution: Resolution): void;
}

/** An activity from its schedule to its end: attempts, retries and timeouts. */
export class ActivityTask {
  readonly type: string;
  readonly queue: string;
  readonly args: readonly unknown[];
  readonly startToCloseMs: number;
  cancelRequested = false;
  attempts = 0;
  heartbeatDetails: unknown = undefined;
  #current: Attempt | null = null;
  #closed = false;
  #lastFailure: Failure | undefined;
  /** Of the attempt before the current one. */
  #failureBefore: Failure | undefined;
  readonly #heartbeatMs: number;
  readonly #expiresAtMs: number;
  readonly #takeBack: (() => void)[] = [];
  #retry: (() => void) | null = null;
  readonly #scheduledEventId: number;
  #startedAtMs = 0;

  constructor(
    readonly run: Execution,
    readonly schedule: Schedule,
    private readonly host: ActivityHost,
  ) {
    this.type = schedule.activityType ?? '';
    this.queue = schedule.taskQueue || run.start.queue;
    this.args = (schedule.arguments ?? []).map(fromPayload);
    this.startToCloseMs = optionalTsToMs(schedule.startToCloseTimeout) ?? Infinity;
    this.#heartbeatMs = optionalTsToMs(schedule.heartbeatTimeout) ?? Infinity;
    this.#expiresAtMs = host.clock.nowMs + (optionalTsToMs(schedule.scheduleToCloseTimeout) ?? Infinity);
    this.#scheduledEventId = run.record(host.clock.nowMs, {
      activityTaskScheduledEventAttributes: {
        activityType: { name: this.type },
        startToCloseTimeout: schedule.startToCloseTimeout,
        input: { payloads: schedule.arguments },
      },
    });
    if (this.#expiresAtMs < Infinity)
      this.#takeBack.push(
        host.clock.at(this.#expiresAtMs, () => this.#end(timedOut('scheduleToClose', this.#lastFailure))),
      );
    host.dispatch(this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get current(): Attempt | null {
    return this.#current;
  }

  /** A worker takes it. */
  begin(): Attempt {
    const { clock } = this.host;
    const attempt: Attempt = {
      task: this,
      number: ++this.attempts,
      startedAtMs: clock.nowMs,
      over: false,
      abandoned: false,
      onCancel: () => {},
    };
    this.#current = attempt;
    this.#failureBefore = this.#lastFailure;
    this.#startedAtMs = clock.nowMs;
    this.#takeBack.push(clock.after(this.startToCloseMs, () => this.#giveUp(attempt, 'startToClose')));
    return attempt;
  }

  complete(attempt: Attempt, output: unknown): void {
    if (!this.#accepts(attempt)) return;
    this.#close('activityTaskCompletedEventAttributes', { completed: { result: toPayload(output) } });
  }

  fail(attempt: Attempt, error: unknown): void {
    if (!this.#accepts(attempt)) return;
    attempt.over = true;
    this.#retryOr(toFailure(error));
  }

  canceled(attempt: Attempt): void {
    if (this.#accepts(attempt)) this.#cancel();
  }

  /** The worker that has it was last heard from at that moment, and will not be again. */
  silent(attempt: Attempt, sinceMs: number): void {
    this.#takeBack.push(this.host.clock.at(sinceMs + this.#heartbeatMs, () => this.#giveUp(attempt, 'heartbeat')));
  }

  requestCancel(): void {
    if (this.#closed) return;
    this.cancelRequested = true;
    if (this.#current) this.#current.onCancel();
    // TRY_CANCEL and ABANDON do not wait for the attempt's word.
    const waits = this.schedule.cancellationType === ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
    if (!waits && this.#current) this.#current.abandoned = true;
    if (!waits || !this.#current) this.#cancel();
  }

  /** Its run has ended: nobody waits for it any more. */
  orphan(): void {
    this.#closed = true;
    this.#forget();
    if (this.#current) {
      this.#current.over = true;
      this.#current.onCancel();
    }
  }

  #accepts(attempt: Attempt): boolean {
    return !this.#closed && !attempt.over && attempt === this.#current;
  }

  #giveUp(attempt: Attempt, why: 'startToClose' | 'heartbeat'): void {
    if (!this.#accepts(attempt)) return;
    attempt.over = true;
    attempt.onCancel();
    this.#retryOr(timedOut(why, this.#lastFailure));
  }

  #retryOr(failure: Failure): void {
    this.#lastFailure = failure;
    const { retryPolicy } = this.schedule;
    const info = failure.applicationFailureInfo;
    const attempts = this.attempts;
    const initial = optionalTsToMs(retryPolicy?.initialInterval) ?? 1000;
    const maximum = optionalTsToMs(retryPolicy?.maximumInterval) ?? 100 * initial;
    const delay = Math.min(initial * (retryPolicy?.backoffCoefficient || 2) ** (attempts - 1), maximum);
    const maximumAttempts = retryPolicy?.maximumAttempts || Infinity;
    const refused =
      info?.nonRetryable || (retryPolicy?.nonRetryableErrorTypes ?? []).includes(info?.type ?? '-no type-');
    if (
      refused ||
      this.cancelRequested ||
      attempts >= maximumAttempts ||
      this.host.clock.nowMs + delay > this.#expiresAtMs
    )
      return this.#end(failure);
    this.#current = null;
    this.#retry = this.host.clock.after(delay, () => {
      this.#retry = null;
      this.host.dispatch(this);
    });
  }

  #end(failure: Failure): void {
    if (this.#closed) return;
    const event = failure.timeoutFailureInfo
      ? 'activityTaskTimedOutEventAttributes'
      : 'activityTaskFailedEventAttributes';
    this.#close(event, { failed: { failure: activityFailure(this.type, failure) } });
  }

  #cancel(): void {
    this.#close('activityTaskCanceledEventAttributes', {
      cancelled: { failure: activityFailure(this.type, canceled) },
    });
  }

  #close(event: string, resolution: Resolution): void {
    this.#closed = true;
    if (this.#current) this.#current.over = true;
    this.#forget();
    const scheduledEventId = this.#scheduledEventId;
    // Between two attempts nothing is under way that could be said to have started.
    if (this.#current)
      this.run.record(this.#startedAtMs, {
        activityTaskStartedEventAttributes: {
          scheduledEventId,
          attempt: this.attempts,
          lastFailure: this.#failureBefore,
        },
      });
    this.run.record(this.host.clock.nowMs, {
      [event]: { scheduledEventId, failure: resolution.failed?.failure?.cause },
    });
    this.host.resolve(this, resolution);
  }

  #forget(): void {
    for (const takeBack of this.#takeBack) takeBack();
    this.#retry?.();
  }
}

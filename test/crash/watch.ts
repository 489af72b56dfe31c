import { setTimeout as sleep } from 'node:timers/promises';
import { temporal } from '@temporalio/proto';
import { type GateKeeper } from './gate';
import { causeOf, Counter, type Edge, type Moment } from './moments';

const {
  PollActivityTaskQueueResponse,
  PollWorkflowTaskQueueResponse,
  RespondActivityTaskCompletedRequest,
  RespondWorkflowTaskCompletedRequest,
  RespondWorkflowTaskCompletedResponse,
} = temporal.api.workflowservice.v1;

type ActivityTask = temporal.api.workflowservice.v1.IPollActivityTaskQueueResponse;
type WorkflowTask = temporal.api.workflowservice.v1.IPollWorkflowTaskQueueResponse;

export interface Wanted extends Pick<Moment, 'edge' | 'name' | 'nth'> {
  /** Of `runs`: this long after the worker got the task. */
  readonly afterMs: number;
}

/**
 * Waits for one moment of one run, and holds the worker's message there until it is let go.
 *
 * An activity begins and runs with its first attempt, and has answered with whichever attempt is the first to.
 */
export class Watch implements GateKeeper {
  readonly #count = new Counter();
  readonly #activityIds = new Map<string, { readonly name: string; readonly nth: number }>();
  readonly #namesByEvent = new Map<string, string>();
  readonly #activityTokens = new Map<string, { readonly name: string; readonly nth: number }>();
  readonly #causesByToken = new Map<string, readonly { readonly name: string; readonly nth: number }[]>();
  #seenEvents = 0;
  #over = false;
  #reach: () => void = () => undefined;
  #letGo: () => void = () => undefined;
  /** Resolves at the moment. */
  readonly reached = new Promise<void>((resolve) => (this.#reach = resolve));
  readonly #held = new Promise<void>((resolve) => (this.#letGo = resolve));

  constructor(
    private readonly workflowId: string,
    private readonly wanted: Wanted,
  ) {}

  /** Lets the held message pass, and every later one. */
  letGo(): void {
    this.#over = true;
    this.#letGo();
  }

  asked(method: string, message: Buffer): Promise<void> | void {
    if (this.#over) return;
    if (method === 'RespondWorkflowTaskCompleted') {
      const { taskToken } = RespondWorkflowTaskCompletedRequest.decode(message);
      const causes = this.#causesByToken.get(keyOf(taskToken)) ?? [];
      if (causes.some((cause) => this.#is('decides', cause))) return this.#hold();
    } else if (/^RespondActivityTask(Completed|Failed|Canceled)$/.test(method)) {
      // The token is the first field of all three.
      const { taskToken } = RespondActivityTaskCompletedRequest.decode(message);
      const activity = this.#activityTokens.get(keyOf(taskToken));
      // One that is quicker than in the recorded run is met at its end.
      if (activity && (this.#is('answers', activity) || this.#is('runs', activity))) return this.#hold();
    }
  }

  async answered(method: string, message: Buffer): Promise<void> {
    if (this.#over) return;
    if (method === 'PollWorkflowTaskQueue') this.#takeWorkflowTask(PollWorkflowTaskQueueResponse.decode(message));
    else if (method === 'PollActivityTaskQueue')
      await this.#takeActivityTask(PollActivityTaskQueueResponse.decode(message));
    else if (method === 'RespondWorkflowTaskCompleted') {
      const { workflowTask, activityTasks } = RespondWorkflowTaskCompletedResponse.decode(message);
      if (workflowTask) this.#takeWorkflowTask(workflowTask);
      for (const task of activityTasks) await this.#takeActivityTask(task);
    }
  }

  /** A task brings the events since the last one, or all of them. */
  #takeWorkflowTask({ workflowExecution, taskToken, history }: WorkflowTask): void {
    if (workflowExecution?.workflowId !== this.workflowId) return;
    const news = (history?.events ?? []).filter(({ eventId }) => Number(eventId) > this.#seenEvents);
    const causes = news.flatMap((event) => {
      this.#seenEvents = Number(event.eventId);
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled) this.#namesByEvent.set(String(event.eventId), scheduled.activityType?.name ?? '');
      const name = causeOf(event, (id) => this.#namesByEvent.get(id) ?? '');
      return name ? [{ name, nth: this.#count.next(name) }] : [];
    });
    this.#causesByToken.set(keyOf(taskToken), causes);
  }

  async #takeActivityTask({ workflowExecution, activityId, activityType, taskToken }: ActivityTask): Promise<void> {
    if (workflowExecution?.workflowId !== this.workflowId) return;
    const again = this.#activityIds.get(activityId ?? '');
    // One that is held may be given up by the server and begun again: that answer is held, too.
    if (again) return void this.#activityTokens.set(keyOf(taskToken), again);
    const name = activityType?.name ?? '';
    const activity = { name, nth: this.#count.next(`activity ${name}`) };
    this.#activityIds.set(activityId ?? '', activity);
    this.#activityTokens.set(keyOf(taskToken), activity);
    if (this.#is('begins', activity)) return this.#hold();
    if (this.#is('runs', activity)) void sleep(this.wanted.afterMs).then(() => this.#reach());
  }

  #is(edge: Edge, { name, nth }: { readonly name: string; readonly nth: number }): boolean {
    return this.wanted.edge === edge && this.wanted.name === name && this.wanted.nth === nth;
  }

  #hold(): Promise<void> {
    this.#reach();
    return this.#held;
  }
}

const keyOf = (token: Uint8Array | null | undefined): string => Buffer.from(token ?? []).toString('base64');

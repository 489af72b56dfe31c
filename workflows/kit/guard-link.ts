import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { type Action } from '../contract/actions';
import { type Call } from '../contract/calls';
import { companions, guardIdOf, type GuardInput, guardQueueOf, type OpenBracket } from '../contract/messages';
import { type Site } from '../contract/resolve-site';
import { watch } from './carry-out';
import { fail, unguarded } from './failures';
import { companionAnswerSeconds } from './patience';
import { patches } from './patches';
import {
  bracketClosed,
  bracketCommitted,
  bracketOpened,
  disarm,
  guardAnswered,
  guardTakesOver,
  yielded,
} from './guard-signals';

/**
 * The run's side of its guard.
 *
 * Invariants: nothing is opened before the guard has answered that it knows the way back; once the guard has taken
 * over, the run closes nothing any more.
 */
export class GuardLink {
  /** What is registered and not closed. */
  readonly registered = new Set<number>();
  #sent = 0;
  #answered = -1;
  #started = false;
  /** Set when the guard ended, whatever the reason. */
  #ended = false;
  #takenOver = false;
  /** Set when it did not end by itself: somebody has terminated it. */
  #broken = false;

  /**
   * @param onTakeOver called once when the guard takes over; the run ends its own closes, and `yield` is sent when it resolves
   * @param onEnded called when the guard ended although this run had not disarmed it
   */
  constructor(
    private readonly site: Site,
    private readonly runbook: string,
    private readonly onTakeOver: () => Promise<void>,
    private readonly onEnded: () => void,
  ) {
    setHandler(guardAnswered, (received) => {
      this.#answered = Math.max(this.#answered, received);
    });
    // A run that is being cancelled waits like any other: a handler that is cancelled would end the run at once.
    setHandler(guardTakesOver, () =>
      CancellationScope.nonCancellable(async () => {
        if (this.#takenOver) return;
        this.#takenOver = true;
        await this.onTakeOver();
        await this.#tell((guard) => guard.signal(yielded));
      }),
    );
  }

  get id(): string {
    return guardIdOf(workflowInfo().workflowId);
  }

  get takenOver(): boolean {
    return this.#takenOver;
  }

  get broken(): boolean {
    return this.#broken;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Returns when the guard knows this way back. */
  async open(bracket: OpenBracket): Promise<void> {
    // Not to be cancelled half-way: a run that knows whether its guard knows can close in order.
    await CancellationScope.nonCancellable(async () => {
      await this.#start();
      this.registered.add(bracket.id);
      try {
        await this.#tellAndHear((guard) => guard.signal(bracketOpened, bracket));
      } catch (error) {
        await this.closed(bracket.id);
        throw error;
      }
    });
  }

  /** Returns when the guard knows the new way back; the old one is forgotten. */
  async commit(id: number, close: Action, call: Call): Promise<void> {
    await CancellationScope.nonCancellable(() =>
      this.#tellAndHear((guard) => guard.signal(bracketCommitted, { id, close, call })),
    );
  }

  async closed(id: number): Promise<void> {
    this.registered.delete(id);
    await this.#tell((guard) => guard.signal(bracketClosed, id, ...sender()));
  }

  /** Lets the guard end. Not called while something is registered: then the guard takes over when this run has ended. */
  async disarm(): Promise<void> {
    if (!this.#started || this.#ended) return;
    this.#ended = true;
    await this.#tell((guard) => guard.signal(disarm, ...sender()));
  }

  /** Returns when the guard, having taken over, has ended. Not to be cancelled. */
  async finished(): Promise<void> {
    // The guard's end is told to the run that has started it, not to a reset of that one.
    if (!this.#ended && patches.asksForGuardsEnd()) {
      const ending = await watch.awaitEnd({ workflowId: this.id, runId: null });
      if (ending !== 'completed') this.#broken = true;
      this.#ended = true;
    }
    await condition(() => this.#ended);
  }

  async #start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    const { workflowId, runId } = workflowInfo();
    const input: GuardInput = {
      owner: { workflowId, runId },
      site: this.site.name,
      runbook: this.runbook,
      notify: this.site.notify,
    };
    // Abandoned in both senses, or cancelling this run would cancel its guard. Outside every scope of the run, so that
    // no cancellation of a body keeps us from hearing that the guard has ended.
    const child = await CancellationScope.nonCancellable(() =>
      startChild(companions.guard, {
        workflowId: this.id,
        taskQueue: guardQueueOf(this.site.queue),
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        staticSummary: `Closes what ${workflowId} leaves open`,
      }),
    ).catch((error: unknown) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      this.#ended = true;
      throw fail(
        'PreconditionFailed',
        `${this.id} is still at work for an earlier run of ${workflowId}, of which this one is a reset; nothing was ` +
          'changed. Start a new run',
        { operation: unguarded, target: this.id },
      );
    });
    void CancellationScope.nonCancellable(async () => {
      await child.result().catch(() => {
        this.#broken = true;
      });
      if (this.#ended) return;
      this.#ended = true;
      this.onEnded();
    });
    await this.#hear(0);
  }

  async #tellAndHear(send: (guard: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>): Promise<void> {
    const number = ++this.#sent;
    await send(getExternalWorkflowHandle(this.id));
    await this.#hear(number);
  }

  async #hear(number: number): Promise<void> {
    const heard = await condition(() => this.#answered >= number || this.#ended, companionAnswerSeconds * 1000);
    if (heard && this.#answered >= number) return;
    throw fail(
      'Unavailable',
      this.#ended
        ? `the guard ${this.id} has ended; nothing more is opened. Start a new run`
        : `no worker polls ${guardQueueOf(this.site.queue)}: no guard would close what this run opens, so nothing more ` +
            `is opened. Start a worker: runbook worker`,
      { operation: 'guard.answer', target: this.id },
    );
  }

  /** A guard that has ended cannot be told anything, and need not be. */
  async #tell(send: (guard: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>): Promise<void> {
    await CancellationScope.nonCancellable(() => send(getExternalWorkflowHandle(this.id))).catch(() => undefined);
  }
}

/** Who speaks: a reset of a run speaks to the same guard as the run before it. */
function sender(): [] | [string] {
  return patches.closesForGood() ? [workflowInfo().runId] : [];
}

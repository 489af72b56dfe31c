import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { lockNote, type LockRequest, lockRequest } from './contract/companions';
import { type LockGrant, type LockInput, type LockState, type LockWait, messages } from './contract/messages';
import { parseWith, problemsText } from './contract/problems';
import { watch } from './kit/carry-out';
import { nothingLands } from './kit/late-changes';
import { patches } from './kit/patches';
import { conflicts, nextGrants } from './planners/lock-queue';

type Waiter = LockRequest & { readonly since: string };
type Holder = Waiter & { readonly fence: number; note?: string };

const requested = defineSignal<[unknown]>(messages.lockRequest);
const lockGranted = defineSignal<[LockGrant]>(messages.lockGranted);
const lockQueued = defineSignal<[LockWait]>(messages.lockQueued);
const lockNoted = defineSignal<[unknown]>(messages.lockNoted);
const locks = defineQuery<LockState[]>(messages.locks);

/**
 * Events. A worker that starts goes through all of them before it grants anything, and one that is starved of processor
 * time must have done so within the ten seconds of a workflow task.
 */
const longHistory = 500;

/**
 * The right to change resources of one site: who has it, and who waits for it.
 *
 * Invariants: conflicting resources have one holder; the holder is a run and its guard, and the lock passes on when
 * both have ended, never because of a timer; the fencing number grows with each grant, also over the loss of this
 * workflow, since it is never below the time.
 */
export async function lock(input: LockInput): Promise<void> {
  return await CancellationScope.nonCancellable(() => new Lock(input).run());
}

class Lock {
  readonly #holders: Holder[];
  readonly #queue: Waiter[];
  readonly #watched = new Set<string>();
  #fence: number;
  #changes = 0;
  #renewing = false;
  #watching = new CancellationScope();

  constructor(private readonly input: LockInput) {
    this.#holders = [...(input.carried?.holders ?? [])];
    this.#queue = [...(input.carried?.queue ?? [])];
    this.#fence = input.carried?.fence ?? 0;
  }

  async run(): Promise<void> {
    setHandler(requested, (request) => this.#take(request), { description: 'Ask for the lock' });
    setHandler(lockNoted, (noted) => this.#note(noted), { description: 'Say what the holder is at' });
    setHandler(locks, () => this.#state(), { description: 'Who holds the lock, and who waits' });
    for (const holder of this.#holders) this.#watch(holder);
    for (;;) {
      const changes = this.#changes;
      await this.#grant();
      this.#show();
      if (changes !== this.#changes) continue;
      if (this.#isToRenew()) break;
      await condition(() => this.#changes !== changes);
    }
    // The watches end with this execution; the next one starts them anew.
    this.#renewing = true;
    this.#watching.cancel();
    const carried = { holders: this.#holders, queue: this.#queue, fence: this.#fence };
    await continueAsNew<typeof lock>({ site: this.input.site, carried });
  }

  #isToRenew(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    if (continueAsNewSuggested) return true;
    const idle = this.#holders.length === 0 && this.#queue.length === 0;
    return idle && historyLength > longHistory && patches.renewsWhenIdle();
  }

  #take(sent: unknown): void {
    const parsed = parseWith(lockRequest, sent);
    // Anybody can send a signal; one that makes no sense must not stand in the way of the others.
    if (!parsed.ok) return log.warn(`a request for the lock was ignored: ${problemsText(parsed.problems)}`);
    const request = parsed.value;
    const same = ({ run }: LockRequest) => run.workflowId === request.run.workflowId && run.runId === request.run.runId;
    // The request may be sent twice.
    if (this.#holders.some(same) || this.#queue.some(same)) return;
    this.#queue.push({ ...request, since: new Date().toISOString() });
    this.#changes += 1;
  }

  #note(sent: unknown): void {
    const parsed = parseWith(lockNote, sent);
    if (!parsed.ok) return log.warn(`a note for the lock was ignored: ${problemsText(parsed.problems)}`);
    const { run: noted, note } = parsed.value;
    const holder = this.#holders.find(({ run }) => run.runId === noted.runId);
    if (!holder) return;
    if (note === null) delete holder.note;
    else holder.note = note;
    this.#show();
  }

  async #grant(): Promise<void> {
    for (const waiter of nextGrants(this.#holders, this.#queue)) {
      this.#queue.splice(this.#queue.indexOf(waiter), 1);
      this.#fence = Math.max(this.#fence + 1, Date.now());
      const holder: Holder = { ...waiter, since: new Date().toISOString(), fence: this.#fence };
      this.#holders.push(holder);
      if (await this.#tell(waiter, (run) => run.signal(lockGranted, { fence: holder.fence, runId: holder.run.runId })))
        this.#watch(holder);
      // A waiter that has ended is passed over.
      else this.#release(holder);
    }
    await Promise.all(
      this.#queue.map((waiter, index) =>
        this.#tell(waiter, (run) => run.signal(lockQueued, { heldBy: this.#blocker(waiter), position: index + 1 })),
      ),
    );
  }

  #watch(holder: Holder): void {
    if (this.#watched.has(holder.run.runId)) return;
    this.#watched.add(holder.run.runId);
    void this.#watching
      .run(async () => {
        await watch.awaitEnd(holder.run);
        await watch.awaitEnd({ workflowId: holder.guard, runId: null });
        // A run without a guard may have been cut off in the middle of a change, too.
        if (patches.closesForGood()) await nothingLands(holder.run);
        this.#release(holder);
      })
      .catch((error: unknown) => {
        if (!(this.#renewing && isCancellation(error))) throw error;
      });
  }

  #release(holder: Holder): void {
    this.#holders.splice(this.#holders.indexOf(holder), 1);
    this.#watched.delete(holder.run.runId);
    this.#changes += 1;
  }

  #blocker(waiter: Waiter): string {
    const earlier = [...this.#holders, ...this.#queue.slice(0, this.#queue.indexOf(waiter))];
    return earlier.find((other) => conflicts(other.resources, waiter.resources))?.run.workflowId ?? 'nobody';
  }

  async #tell(
    waiter: Waiter,
    send: (run: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>,
  ): Promise<boolean> {
    try {
      await send(getExternalWorkflowHandle(waiter.run.workflowId, waiter.run.runId));
      return true;
    } catch {
      return false;
    }
  }

  #state(): LockState[] {
    return this.#holders.flatMap((holder) =>
      holder.resources.map((resource) => ({
        resource,
        holder: holder.run.workflowId,
        ...(holder.note === undefined ? {} : { note: holder.note }),
        since: holder.since,
        fence: holder.fence,
        queue: this.#queue
          .filter((waiter) => conflicts(waiter.resources, [resource]))
          .map(({ run, since }) => ({ workflowId: run.workflowId, since })),
      })),
    );
  }

  #show(): void {
    const holders = this.#holders.map(
      ({ run, resources, since, note }) =>
        `- **${run.workflowId}** holds ${resources.join(', ')} since ${since}${note ? `, ${note}` : ''}`,
    );
    const queue = this.#queue.map(({ run, resources }) => `- ${run.workflowId} waits for ${resources.join(', ')}`);
    setCurrentDetails(
      [`### Locks of ${this.input.site}`, '', ...(holders.length > 0 ? holders : ['- free']), ...queue].join('\n'),
    );
  }
}

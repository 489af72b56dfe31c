import {
  CancellationScope,
  condition,
  defineQuery,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { act, targetOf } from './contract/actions';
import { type Ending } from './contract/companions';
import {
  type GuardInput,
  type GuardResult,
  type GuardState,
  guardIdOf,
  messages,
  type OpenBracket,
} from './contract/messages';
import { ask, carryOut, watch } from './kit/carry-out';
import { closeForGood, nothingLands, recheckSeconds } from './kit/late-changes';
import { patches } from './kit/patches';
import {
  bracketClosed,
  bracketCommitted,
  bracketOpened,
  disarm,
  guardAnswered,
  guardTakesOver,
  yielded,
} from './kit/guard-signals';

/** How long a living owner is given to end what it is doing, once a limit has passed. */
const yieldSeconds = 90;
/** A job that only reads is given this long to stop before what is outside is closed. */
const harmlessStopSeconds = 15;

const brackets = defineQuery<GuardState>(messages.brackets);

/**
 * Stands behind one run: knows the way back of everything it has opened, and goes it if the run is gone or a limit has
 * passed.
 *
 * Invariants: what is outermost is closed last, and only when everything inside it that must be closed is; the owner's
 * execution is watched, not its workflow id; it ends only when no change of its owner can land any more; it never fails
 * because of a close, and ignores its own cancellation.
 */
export async function guard(input: GuardInput): Promise<GuardResult> {
  return await CancellationScope.nonCancellable(() => new Guard(input).run());
}

class Guard {
  /** By id; the highest is the innermost. */
  readonly #open = new Map<number, OpenBracket>();
  /** What was closed, by the run or by this guard, to be closed again should a late change reopen it; innermost first. */
  readonly #closed: OpenBracket[] = [];
  readonly #restored: string[] = [];
  #received = 0;
  #changes = 0;
  #disarmed = false;
  #yielded = false;
  #tookOver = false;
  #ending: Ending | null = null;

  constructor(private readonly input: GuardInput) {}

  async run(): Promise<GuardResult> {
    this.#listen();
    this.#show();
    await this.#answer();
    void watch.awaitEnd(this.input.owner).then((ending) => {
      this.#ending = ending;
    });

    const why = await this.#standBy();
    if (why !== null) await this.#takeOver(why);
    else if (patches.closesForGood()) await this.#outlastLateChanges();
    return { restored: this.#restored, why };
  }

  /** Returns null when the owner has closed everything itself, else why it is time to take over. */
  async #standBy(): Promise<Ending | 'limit' | null> {
    for (;;) {
      if (this.#disarmed && this.#open.size === 0) return null;
      if (this.#ending !== null) return this.#open.size === 0 && this.#ending === 'completed' ? null : this.#ending;
      const changes = this.#changes;
      const moved = () => this.#ending !== null || this.#changes !== changes;
      const limitAt = Math.min(...[...this.#open.values()].map((open) => open.limitAt ?? Infinity));
      if (limitAt === Infinity) await condition(moved);
      else if (limitAt <= Date.now() || !(await condition(moved, limitAt - Date.now()))) return 'limit';
    }
  }

  async #takeOver(why: Ending | 'limit'): Promise<void> {
    const { owner } = this.input;
    const open = this.#titles();
    if (open.length > 0) {
      const because = why === 'limit' ? 'has kept something open beyond its limit' : `is gone (${why})`;
      await this.#tell('alarm', `${owner.workflowId} ${because}; the guard closes: ${open.join(', ')}`);
    }
    if (why === 'limit') await this.#relieveOwner();
    this.#tookOver = true;
    this.#show();

    const jobs = this.#inner('job');
    const stopped = Promise.all(jobs.map((job) => this.#closeOne(job)));
    // A job that endangers nothing may be out of reach for hours; production does not wait for it.
    await Promise.race([
      stopped,
      sleep(harmlessStopSeconds * 1000).then(() =>
        condition(() => !jobs.some((job) => job.mustClose && this.#open.has(job.id))),
      ),
    ]);
    for (const bracket of this.#inner('bracket')) await this.#closeOne(bracket);
    await this.#outlastLateChanges();
    await stopped;

    if (this.#restored.length > 0)
      await this.#tell('recovered', `the guard of ${owner.workflowId} has closed: ${this.#restored.join(', ')}`);
  }

  /** Tells a living owner to end its own closes; one closer at a time. Goes on without an answer in the end. */
  async #relieveOwner(): Promise<void> {
    const { workflowId, runId } = this.input.owner;
    const handle = getExternalWorkflowHandle(workflowId, runId);
    await handle.signal(guardTakesOver).catch(() => undefined);
    await condition(() => this.#yielded || this.#ending !== null, yieldSeconds * 1000);
  }

  async #closeOne(open: OpenBracket): Promise<void> {
    const close = () => this.#carryOutClose(open);
    await (open.kind === 'bracket' ? closeForGood(this.input.owner, open.close, close) : close());
    this.#open.delete(open.id);
    this.#closed.push(open);
    this.#restored.push(open.kind === 'job' ? `stopped: ${open.title}` : open.title);
    this.#show();
  }

  async #carryOutClose(open: OpenBracket): Promise<void> {
    await carryOut(open.close, { ...open.call, guard: null }, { profile: 'cleanup' });
  }

  /**
   * A change that was cut off may land after everything is closed. Until the last one can no longer, every close is
   * repeated: it looks first, and acts only on what was reopened. The guard's own count too: the next run must not
   * meet them.
   */
  async #outlastLateChanges(): Promise<void> {
    const owners = await ask.lastLanding(this.input.owner);
    const { workflowId, runId } = workflowInfo();
    const own = patches.closesForGood() ? await ask.lastLanding({ workflowId, runId }) : null;
    const until = Math.max(owners?.any ?? 0, own?.any ?? 0);
    // Of brackets around one thing, an inner close is only the way to the outer one: the last says how it is to be.
    const brackets = this.#closed.filter(({ kind }) => kind === 'bracket');
    const again = brackets.filter(
      ({ close }, index) => !brackets.slice(index + 1).some((later) => targetOf(later.close) === targetOf(close)),
    );
    if (Date.now() >= until) return;
    while (Date.now() < until) {
      await sleep(Math.min(recheckSeconds * 1000, until - Date.now()));
      for (const open of again) await this.#carryOutClose(open);
    }
    // What was repeated may have been given up as well.
    if (patches.outlastsItself()) await nothingLands({ workflowId, runId });
  }

  #inner(kind: OpenBracket['kind']): OpenBracket[] {
    return [...this.#open.values()].filter((open) => open.kind === kind).sort((a, b) => b.id - a.id);
  }

  #titles(): string[] {
    return [...this.#open.values()].sort((a, b) => a.id - b.id).map(({ title }) => title);
  }

  #listen(): void {
    const { owner } = this.input;
    const answered = (take: () => void) => async () => {
      take();
      this.#received += 1;
      this.#changed();
      await this.#answer();
    };
    // A reset of the run speaks to the same guard; what it opens is refused, and what it closes was not its own.
    const isOwner = (runId: string | undefined) => runId === undefined || runId === owner.runId;
    setHandler(bracketOpened, async (open) => {
      if (isOwner(open.call.runId)) await answered(() => this.#open.set(open.id, open))();
    });
    setHandler(bracketCommitted, async ({ id, close, call }) => {
      if (!isOwner(call.runId)) return;
      await answered(() => {
        const open = this.#open.get(id);
        if (open) this.#open.set(id, { ...open, close, call });
      })();
    });
    setHandler(bracketClosed, (id, runId) => {
      if (!isOwner(runId)) return;
      const open = this.#open.get(id);
      if (open) this.#closed.push(open);
      this.#open.delete(id);
      this.#changed();
    });
    setHandler(disarm, (runId) => {
      if (!isOwner(runId)) return;
      this.#disarmed = true;
      this.#changed();
    });
    setHandler(yielded, () => {
      this.#yielded = true;
    });
    setHandler(brackets, () => ({
      owner,
      ownerRunId: owner.runId,
      tookOver: this.#tookOver,
      open: this.#titles(),
      restored: [...this.#restored],
      why: this.#ending,
    }));
  }

  async #answer(): Promise<void> {
    const { workflowId, runId } = this.input.owner;
    await getExternalWorkflowHandle(workflowId, runId)
      .signal(guardAnswered, this.#received)
      .catch(() => undefined);
  }

  #changed(): void {
    this.#changes += 1;
    this.#show();
  }

  #show(): void {
    const { owner } = this.input;
    upsertMemo({ ownerRunId: owner.runId, tookOver: this.#tookOver, open: this.#titles() });
    const list = (titles: readonly string[]) =>
      titles.length > 0 ? titles.map((title) => `- ${title}`).join('\n') : '- nothing';
    setCurrentDetails(
      `### Guard of ${owner.workflowId}\n\n${this.#tookOver ? '**Has taken over.**' : 'Stands by.'}\n\n` +
        `Open:\n${list(this.#titles())}\n\nClosed by the guard:\n${list(this.#restored)}`,
    );
  }

  async #tell(kind: 'alarm' | 'recovered', text: string): Promise<void> {
    const { owner, site, runbook, notify } = this.input;
    if (notify.length === 0) return;
    const action = act.notify({ targets: [...notify], kind, run: owner.workflowId, text });
    await carryOut(action, {
      site,
      runbook,
      ...owner,
      title: `Tell: ${kind}`,
      key: `${guardIdOf(owner.workflowId)}-${kind}`,
      fence: null,
      guard: null,
      alarm: [],
    }).catch(() => undefined);
  }
}

import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import {
  act,
  type Action,
  type ActionName,
  definitionOf,
  type InputOf,
  type JobName,
  type OutputOf,
  type ReadName,
} from '../contract/actions';
import { type NotificationKind } from '../contract/actions/notify';
import { type Approval } from '../contract/approvals';
import { type Call, type Fence } from '../contract/calls';
import { type Effect } from '../contract/action';
import { type Execution } from '../contract/companions';
import { eachOf, type Outcome } from '../contract/each';
import { type OpenBracket } from '../contract/messages';
import { hexDigest, type DigestStep } from '../contract/plan';
import { type HostRef } from '../contract/site';
import { type Site } from '../contract/resolve-site';
import { type Question, type Questions } from './ask';
import { type Bracket, type BracketChange, type Commit } from './bracket';
import { carryOut } from './carry-out';
import { type Checklist } from './checklist';
import { carryOutEach, failedNote } from './each';
import { fail, isOfReset, isUnguarded, leftToGuard, stepFailure } from './failures';
import { GuardLink } from './guard-link';
import { noteAtLock, takeLock } from './lock-client';
import { closeForGood } from './late-changes';
import { type Ops } from './ops';

/** A job that only reads is given this long to stop; then its guard goes on with it. */
const harmlessStopSeconds = 20;
const jobGraceSeconds = 5;

interface Step {
  readonly title: string;
  readonly call: Call;
}

/**
 * Carries a runbook out.
 *
 * Invariants: a way back is known to the guard before the change that needs it is sent; closes go in reverse order, in
 * a scope that cancellation does not reach; once the guard has taken over, or does not stand behind this run, the run
 * closes nothing itself.
 */
export class RunOps implements Ops {
  readonly run: Execution;
  /** In order, for the digest that a plan is compared with. */
  readonly steps: DigestStep[] = [];
  /** Titles of what this run could not close itself: its guard does. */
  readonly left: string[] = [];
  readonly #guard: GuardLink;
  #fence: Fence | null = null;
  #brackets = 0;
  #depth = 0;
  /** The close that is being carried out, so that the guard can take it over. */
  #closing: CancellationScope | null = null;
  #inFlight = 0;
  readonly #messages: Promise<void>[] = [];
  /** An action was refused because this run is a reset of the one that holds the lock: it has opened nothing. */
  #reset = false;
  /** A change was refused because this run's guard does not stand behind it. */
  #unguarded = false;

  constructor(
    readonly site: Site,
    private readonly runbook: string,
    private readonly checklist: Checklist,
    private readonly questions: Questions,
    private readonly setPhase: (text: string) => void,
    /** Ends the work, so that the brackets close. */
    private readonly stopWork: () => void,
  ) {
    const { workflowId, runId } = workflowInfo();
    this.run = { workflowId, runId };
    this.#guard = new GuardLink(
      site,
      runbook,
      async () => {
        this.#closing?.cancel();
        this.stopWork();
        await condition(() => this.#inFlight === 0 && this.#closing === null);
      },
      () => this.stopWork(),
    );
  }

  async lock(...resources: readonly string[]): Promise<void> {
    if (this.#fence) throw fail('PreconditionFailed', `this run holds its locks already: all are taken at once`);
    const { fence, runId } = await takeLock(
      this.site,
      this.runbook,
      this.#guard.id,
      resources,
      this.checklist,
      async (text) => {
        this.setPhase('waiting for the lock');
        await this.tell('waiting', text);
      },
    );
    this.#fence = { number: fence, resources, scope: this.site.name, run: runId };
  }

  async do<N extends Exclude<ActionName, JobName>>(action: Action<N>): Promise<OutputOf<N>> {
    return await this.#step(action, (step) => this.#counted(() => carryOut(action, step.call)));
  }

  async each<N extends ReadName>(
    title: string,
    make: (input: InputOf<N>) => Action<N>,
    inputs: readonly InputOf<N>[],
  ): Promise<readonly Outcome<OutputOf<N>>[]> {
    const actions = inputs.map(make);
    const [first] = actions;
    if (!first) return [];
    const before = this.steps.length;
    for (const action of actions) this.steps.push(action);
    const carry = () => carryOutEach(title, actions, (action, place) => this.#call(action, before + place, null));
    return await this.#line(
      { title, action: eachOf(first.action), effect: 'read' },
      () => this.#counted(carry),
      failedNote,
    );
  }

  async attempt<N extends Exclude<ActionName, JobName>>(action: Action<N>): Promise<OutputOf<N> | null> {
    try {
      return await this.do(action);
    } catch (error) {
      if (isCancellation(error)) throw error;
      return null;
    }
  }

  async job<N extends JobName>(action: Action<N>): Promise<OutputOf<N>> {
    return await this.#step(action, async (step) => {
      const definition = definitionOf(action.action);
      const host = definition.host?.(action.input) as HostRef;
      const stop = act.stopJob({ host, key: step.call.key, title: step.title, graceSeconds: jobGraceSeconds });
      const entry: OpenBracket = {
        ...this.#register('job', step.title, stop),
        mustClose: definition.mustStop ?? true,
      };
      await this.#guard.open(entry);
      let output: OutputOf<N>;
      try {
        output = await this.#counted(() => carryOut(action, step.call));
      } catch (error) {
        await this.#close(entry);
        throw error;
      }
      await this.#guard.closed(entry.id);
      return output;
    });
  }

  async during<T, R extends ReadName, O extends BracketChange, C extends BracketChange>(
    bracket: Bracket<R, O, C> | null,
    work: (commit: Commit) => Promise<T>,
  ): Promise<T> {
    if (!bracket) return await work(async () => undefined);
    // Read before anything changes, and so that it is in the history: a retried open would only see its own work.
    const { read } = bracket;
    const entry = bracket.enter('seen' in read ? read.seen : await this.do(read));
    if (entry === 'as found') return await work(async () => undefined);

    const open = this.#register('bracket', bracket.title, entry.close, entry.limitSeconds);
    await this.#guard.open(open);
    const left = this.checklist.enter(bracket.title);
    this.setPhase(bracket.title);
    this.#depth += 1;
    let close: Action<BracketChange> = entry.close;
    let result: { ok: true; value: T } | { ok: false; error: unknown };
    try {
      const opened = await this.do(entry.open);
      bracket.opened?.(opened);
      this.#announce(bracket.announce?.opened, bracket.title);
      const value = await work(async (next) => {
        await this.#guard.commit(open.id, next, this.#call(next, this.steps.length, 'close'));
        close = next;
      });
      result = { ok: true, value };
    } catch (error) {
      result = { ok: false, error };
    }
    const call = this.#call(close, this.steps.length, 'close');
    this.steps.push(close);
    const closed = await this.#close({ ...open, close, call });
    this.#depth -= 1;
    left();
    if (closed) {
      if (close.action === entry.close.action) bracket.closed?.(closed.output as OutputOf<C>);
      this.#announce(bracket.announce?.closed, `no longer: ${bracket.title}`);
    }
    if (!result.ok) throw result.error;
    if (!closed) throw this.#guardTookIt();
    return result.value;
  }

  /** What became of what this run had open, for people. Complete once `end` has returned. */
  get remainder(): string {
    if (this.left.length === 0) return 'Nothing was left open';
    const titles = this.left.join(', ');
    if (!this.#guard.takenOver || !this.#guard.broken) return `Left to its guard: ${titles}`;
    return (
      `The guard ${this.#guard.id} had taken over, and was ended before it had closed everything. Look at: ${titles}; ` +
      `production: runbook run production --site ${this.site.name} --set action=status`
    );
  }

  async ask(question: Question): Promise<Approval> {
    return await this.questions.ask(question, {
      tell: (kind, text) => this.#announce(kind, text),
      note: async (note) => {
        if (this.#fence) await noteAtLock(this.site, note);
      },
      untouched: () =>
        this.steps.some(({ action }) => definitionOf(action).effect === 'change')
          ? 'what this run has opened is closed again'
          : 'nothing was changed',
    });
  }

  phase(text: string): void {
    this.setPhase(text);
  }

  async tell(kind: NotificationKind, text: string): Promise<void> {
    const { notify } = this.site;
    if (notify.length === 0) return;
    const action = act.notify({ targets: [...notify], kind, run: this.run.workflowId, text });
    await CancellationScope.nonCancellable(() => carryOut(action, this.#call(action, -1, null))).catch(() => undefined);
  }

  /** People are told beside the work: while production is down nothing waits for a chat server. */
  #announce(kind: NotificationKind | undefined, text: string): void {
    if (kind) this.#messages.push(this.tell(kind, text));
  }

  /**
   * Ends the run's side: lets the guard end, or, when something could not be closed, leaves it to the guard.
   * @returns why the run must not end well, if so
   */
  async end(): Promise<Error | null> {
    await Promise.all(this.#messages);
    if (this.#guard.takenOver) {
      await CancellationScope.nonCancellable(() => this.#guard.finished());
      if (this.#guard.broken) return fail('UnknownOutcome', this.remainder, { target: this.#guard.id });
      return fail(
        'PreconditionFailed',
        'the guard has closed what this run had open because a limit had passed; see the notifications, then start a new run',
      );
    }
    if (this.#guard.ended && !this.#unguarded) {
      return fail(
        'PreconditionFailed',
        `the guard ${this.#guard.id} ended while this run went on; everything was closed`,
      );
    }
    if (this.#guard.registered.size === 0) await this.#guard.disarm();
    return null;
  }

  async #step<N extends ActionName>(
    action: Action<N>,
    carry: (step: Step) => Promise<OutputOf<N>>,
  ): Promise<OutputOf<N>> {
    const { effect } = definitionOf(action.action);
    const call = this.#call(action, this.steps.length, this.#depth > 0 && effect === 'change' ? 'change' : null);
    this.steps.push(action);
    const { title } = call;
    return await this.#line({ title, action: action.action, effect }, () => carry({ title, call }));
  }

  /** Does something as one line of the checklist. */
  async #line<T>(
    { title, action, effect }: { readonly title: string; readonly action: string; readonly effect: Effect },
    carry: () => Promise<T>,
    noteOf: (output: T) => string = () => '',
  ): Promise<T> {
    const end = this.checklist.begin(title, action);
    try {
      const output = await carry();
      end('done', noteOf(output));
      return output;
    } catch (error) {
      end('failed');
      if (isCancellation(error)) throw error;
      if (isOfReset(error)) this.#reset = true;
      if (isUnguarded(error)) this.#unguarded = true;
      throw stepFailure(title, effect, error);
    }
  }

  /** Counted, so that the guard is told to go on only when nothing of this run is on its way any more. */
  async #counted<T>(carry: () => Promise<T>): Promise<T> {
    this.#inFlight += 1;
    try {
      return await carry();
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Closes one bracket or stops one job, trying until it succeeds; null when it is left to the guard. */
  async #close(entry: OpenBracket): Promise<{ output: unknown } | null> {
    return await CancellationScope.nonCancellable(async () => {
      const output = this.#mayClose() ? await this.#tryToClose(entry) : null;
      if (output || this.#reset) await this.#guard.closed(entry.id);
      else this.left.push(entry.title);
      // One closer at a time.
      if (!output && this.#guard.takenOver) await this.#guard.finished();
      return output;
    });
  }

  async #tryToClose(entry: OpenBracket): Promise<{ output: unknown } | null> {
    const end = this.checklist.begin(entry.call.title, entry.close.action);
    const limit = entry.mustClose ? {} : { scheduleToCloseSeconds: harmlessStopSeconds };
    this.#closing = new CancellationScope({ cancellable: true });
    try {
      const close = () => carryOut(entry.close, entry.call, { profile: 'cleanup', ...limit });
      const output = await this.#closing.run(() =>
        entry.kind === 'bracket' ? closeForGood(this.run, entry.close, close) : close(),
      );
      end('done');
      return { output };
    } catch (error) {
      // Tried until it succeeds: the guard has taken over, does not stand behind this run, or the job may be left to it.
      end('failed');
      if (isUnguarded(error)) this.#unguarded = true;
      return null;
    } finally {
      this.#closing = null;
    }
  }

  #mayClose(): boolean {
    return !this.#reset && !this.#unguarded && !this.#guard.takenOver;
  }

  #guardTookIt(): Error {
    return fail('PreconditionFailed', `left to the guard ${this.#guard.id}: ${this.left.join(', ')}`, {
      operation: leftToGuard,
      target: this.#guard.id,
    });
  }

  #register(kind: OpenBracket['kind'], title: string, close: Action, limitSeconds?: number): OpenBracket {
    this.#brackets += 1;
    return {
      id: this.#brackets,
      title,
      kind,
      close,
      call: this.#call(close, this.steps.length, 'close'),
      limitAt: limitSeconds === undefined ? null : Date.now() + limitSeconds * 1000,
      mustClose: true,
    };
  }

  #call(action: Action, step: number, guarded: 'change' | 'close' | null): Call {
    const definition = definitionOf(action.action);
    const { workflowId, runId } = this.run;
    const target = definition.target(action.input);
    const digest = hexDigest([workflowId, runId, step, action.action, target].join('\n')).slice(0, 20);
    return {
      site: this.site.name,
      runbook: this.runbook,
      workflowId,
      runId,
      title: definition.title(action.input),
      key: `${action.action}-${digest}`,
      fence: this.#fence,
      guard: guarded && { workflowId: this.#guard.id, for: guarded },
      alarm: guarded === 'close' ? this.site.notify : [],
    };
  }
}

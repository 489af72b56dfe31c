import { workflowInfo } from '@temporalio/workflow';
import {
  type Action,
  type ActionName,
  definitionOf,
  type InputOf,
  type JobName,
  type OutputOf,
  type ReadName,
  targetOf,
} from '../contract/actions';
import { type Approval } from '../contract/approvals';
import { type Call } from '../contract/calls';
import { type Execution } from '../contract/companions';
import { eachOf, type Outcome } from '../contract/each';
import { type DigestStep, hexDigest, type Plan, planDigest, type PlanStep } from '../contract/plan';
import { type Site } from '../contract/resolve-site';
import { askTitle, type Question } from './ask';
import { type Bracket, type BracketChange, type Commit } from './bracket';
import { carryOut, describe } from './carry-out';
import { type Checklist } from './checklist';
import { carryOutEach, failedNote } from './each';
import { stepFailure } from './failures';
import { type Ops } from './ops';

/**
 * Speaks the language of runbooks without changing anything: looks are carried out, changes described.
 *
 * A look at something that an earlier planned change touches is described too: carried out now, it would see what is
 * not there yet. Nothing is locked, and there is no guard.
 */
export class PlanOps implements Ops {
  readonly run: Execution;
  readonly #steps: PlanStep[] = [];
  readonly #digest: DigestStep[] = [];
  readonly #touched = new Set<string>();

  constructor(
    readonly site: Site,
    private readonly runbook: string,
    private readonly checklist: Checklist,
  ) {
    const { workflowId, runId } = workflowInfo();
    this.run = { workflowId, runId };
  }

  plan(): Plan {
    return { steps: [...this.#steps], digest: planDigest(this.#digest) };
  }

  async lock(): Promise<void> {
    // A plan holds nothing up.
  }

  async do<N extends Exclude<ActionName, JobName>>(action: Action<N>): Promise<OutputOf<N>> {
    return await this.#step(action);
  }

  async attempt<N extends Exclude<ActionName, JobName>>(action: Action<N>): Promise<OutputOf<N> | null> {
    return await this.#step(action);
  }

  async job<N extends JobName>(action: Action<N>): Promise<OutputOf<N>> {
    return await this.#step(action);
  }

  async each<N extends ReadName>(
    title: string,
    make: (input: InputOf<N>) => Action<N>,
    inputs: readonly InputOf<N>[],
  ): Promise<readonly Outcome<OutputOf<N>>[]> {
    const actions = inputs.map(make);
    const [first] = actions;
    if (!first) return [];
    for (const action of actions) this.#digest.push(action);
    const end = this.checklist.begin(title, eachOf(first.action));
    try {
      const isPlanned = actions.map((action) => this.#isTouched(action));
      const looked = await carryOutEach(
        title,
        actions.filter((_, place) => !isPlanned[place]),
        (action) => this.#call(action),
      );
      const left = [...looked];
      const outcomes: Outcome<OutputOf<N>>[] = [];
      for (const [place, action] of actions.entries()) {
        const next = isPlanned[place] ? await describe(action, this.#call(action)) : left.shift();
        if (next) outcomes.push('failure' in next ? next : { output: next.output });
      }
      const others = actions.length > 1 ? ` and ${actions.length - 1} more` : '';
      const now = failedNote(outcomes) || null;
      const target = `${targetOf(first)}${others}`;
      this.#steps.push({ title, action: first.action, effect: 'read', target, command: null, now, changes: false });
      end('done', now ?? '');
      return outcomes;
    } catch (error) {
      end('failed');
      throw stepFailure(title, 'read', error);
    }
  }

  async during<T, R extends ReadName, O extends BracketChange, C extends BracketChange>(
    bracket: Bracket<R, O, C> | null,
    work: (commit: Commit) => Promise<T>,
  ): Promise<T> {
    if (!bracket) return await work(async () => undefined);
    const { read } = bracket;
    const entry = bracket.enter('seen' in read ? read.seen : await this.#step(read));
    if (entry === 'as found') return await work(async () => undefined);
    const opened = await this.#step(entry.open);
    bracket.opened?.(opened);
    const left = this.checklist.enter(bracket.title);
    let close: Action<BracketChange> = entry.close;
    const value = await work(async (next) => {
      close = next;
    });
    left();
    const closed = await this.#step(close);
    if (close.action === entry.close.action) bracket.closed?.(closed as OutputOf<C>);
    return value;
  }

  async ask(question: Question): Promise<Approval> {
    const { details = [], waived } = question;
    const title = askTitle(question);
    const now = [...details, ...(waived === undefined ? [] : [`waived: ${waived}`])].join('; ') || null;
    this.#steps.push({ title, action: 'ask', effect: 'read', target: 'people', command: null, now, changes: false });
    this.checklist.begin(title, 'ask', { below: details })(
      'skipped',
      waived === undefined ? 'only described' : `waived: ${waived}`,
    );
    const at = '<at>';
    return waived === undefined
      ? { answer: 'approved', who: '<who>', why: '<why>', at }
      : { answer: 'waived', why: waived, at };
  }

  async tell(): Promise<void> {
    // Nobody is told of a plan.
  }

  phase(): void {
    // The plan has none: it is made in a moment.
  }

  async #step<N extends ActionName>(action: Action<N>): Promise<OutputOf<N>> {
    const { effect } = definitionOf(action.action);
    const target = targetOf(action);
    const call = this.#call(action);
    this.#digest.push(action);
    const end = this.checklist.begin(call.title, action.action);
    const step = { title: call.title, action: action.action, effect, target };
    try {
      if (effect === 'read' && !this.#isTouched(action)) {
        const output = await carryOut(action, call);
        this.#steps.push({ ...step, command: null, now: null, changes: false });
        end('done');
        return output;
      }
      const { command, now, changes, output } = await describe(action, call);
      if (effect === 'change') this.#touched.add(target);
      this.#steps.push({ ...step, command, now, changes: effect === 'read' ? false : changes });
      end('skipped', 'only described');
      return output;
    } catch (error) {
      end('failed');
      throw stepFailure(call.title, 'read', error);
    }
  }

  /** What it looks at or needs lies in what was touched if its path begins with that, or the other way round. */
  #isTouched(action: Action): boolean {
    const targets = [targetOf(action), ...(definitionOf(action.action).needs?.(action.input) ?? [])];
    const within = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}/`);
    return targets.some((target) => [...this.#touched].some((other) => within(target, other) || within(other, target)));
  }

  #call(action: Action): Call {
    const { workflowId, runId } = this.run;
    return {
      site: this.site.name,
      runbook: this.runbook,
      workflowId,
      runId,
      title: definitionOf(action.action).title(action.input),
      key: `${action.action}-${hexDigest([workflowId, runId, this.#digest.length, targetOf(action)].join('\n')).slice(0, 20)}`,
      fence: null,
      guard: null,
      alarm: [],
    };
  }
}

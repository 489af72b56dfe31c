import { type Call } from '../../workflows/contract/calls';
import { guardIdOf, messages, type LockGrant, type RunProgress } from '../../workflows/contract/messages';
import { type LockRequest } from '../../workflows/contract/companions';
import { type Fault } from './faults';
import { type Found, type Scenario } from './scenario';
import { type Change, type SiteModel } from './site/model';
import { type Execution } from './temporal/execution';
import { type TemporalServer } from './temporal/server';

/** What must never happen, in one sentence. */
export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
}

export type Invariant =
  | 'the site is left as it was found'
  | 'production is never brought up over a stopped database'
  | 'the data that serves is the old or the restored, and production is never brought up over data that is not proved'
  | 'no change lands after the guard is done'
  | 'a cancelled run waits for its change in flight'
  | 'no job runs twice'
  | 'no verified archive goes before its successor is verified'
  | 'a lock has one holder'
  | 'fencing numbers grow'
  | 'the checklist tells the truth'
  | 'the result tells the truth'
  | 'every run and guard comes to its end'
  | 'workflow code is deterministic and fails only with failures of ours';

const kept = 3;

/** Looks at every change, message and end; the first violation is kept. */
export class Invariants {
  violation: Violation | null = null;
  server!: TemporalServer;
  #databaseStoppedByUs = false;
  #fence = 0;
  readonly #holders: { run: Execution; resources: readonly string[] }[] = [];
  readonly #wanted = new Map<string, readonly string[]>();
  readonly #exempt = new Set<keyof State>();
  #verifiedBefore: number;
  /** Somebody may have started the database under a copy. */
  readonly #byHand: boolean;
  #found: State;

  constructor(
    private readonly site: SiteModel,
    scenario: Scenario,
  ) {
    this.#found = state(site);
    this.#verifiedBefore = verified(site);
    for (const fault of scenario.faults) this.#exemptBy(fault, scenario.found);
    // A restore is what brings a database back that was down.
    if (scenario.found.databaseStopped && scenario.runs.some(({ runbook }) => runbook === 'restore'))
      this.#exempt.add('databaseRuns');
    this.#byHand = scenario.faults.some(({ kind }) => kind === 'an operator' || kind === 'host reboots');
  }

  violated(invariant: Invariant, message: string): void {
    this.violation ??= { invariant, message };
  }

  changed({ what, call }: Change): void {
    if (what === 'database stopped') this.#databaseStoppedByUs = true;
    if (what === 'database started') this.#databaseStoppedByUs = false;
    if (what === 'production up' && call && this.#databaseStoppedByUs && !this.site.running)
      this.violated(
        'production is never brought up over a stopped database',
        `${call.workflowId} brought production up while the database it had stopped was not running`,
      );
    const unproved = [...this.site.store.swaps].find(([, { state }]) => state === 'swapped');
    if (what === 'production up' && call && unproved)
      this.violated(
        'the data that serves is the old or the restored, and production is never brought up over data that is not proved',
        `${call.workflowId} brought production up while ${unproved[0]} was neither kept nor returned`,
      );
    if (what.startsWith('removed')) this.#removed(what);
    // What a run changes outside every bracket is meant to stay.
    if (call && !this.server.find(guardIdOf(call.workflowId))) {
      if (what.startsWith('production')) this.#adopt('production');
      if (what.startsWith('database')) this.#adopt('databaseRuns');
      if (what.startsWith('server')) this.#adopt('server');
    }
    this.#verifiedBefore = verified(this.site);
    if (call && !what.startsWith('finished') && !what.startsWith('archive') && !what.startsWith('verified'))
      this.#landed(what, call);
  }

  #adopt(field: keyof State): void {
    this.#found = { ...this.#found, [field]: state(this.site)[field] };
    // Run and operator may be of two minds about it.
    if (this.#byHand) this.#exempt.add(field);
  }

  /** A change inside a bracket, when nobody looks after it any more. */
  #landed(what: string, call: Call): void {
    if (call.fence && call.fence.number < this.#fence)
      this.violated('a lock has one holder', `“${what}” of ${call.workflowId} after the lock had passed on`);
    const guard = this.server.find(guardIdOf(call.workflowId));
    if (guard?.outcome?.kind === 'completed' && guard.memo.ownerRunId === call.runId)
      this.violated(
        'no change lands after the guard is done',
        `“${what}” of ${call.workflowId} after its guard had ended`,
      );
  }

  #removed(what: string): void {
    const left = verified(this.site);
    if (left < Math.min(kept, this.#verifiedBefore))
      this.violated(
        'no verified archive goes before its successor is verified',
        `${what}: ${left} verified left of ${this.#verifiedBefore}`,
      );
  }

  signalled(run: Execution, name: string, args: readonly unknown[]): void {
    if (name === messages.lockRequest) {
      const { run: asking, resources } = args[0] as LockRequest;
      this.#wanted.set(asking.runId, resources);
    }
    if (name !== messages.lockGranted) return;
    const { fence } = args[0] as LockGrant;
    if (fence <= this.#fence) this.violated('fencing numbers grow', `${fence} was granted after ${this.#fence}`);
    this.#fence = Math.max(this.#fence, fence);
    const resources = this.#wanted.get(run.start.runId) ?? ['site'];
    for (const holder of this.#holders) {
      if (holder.run === run || !overlap(holder.resources, resources)) continue;
      const guard = this.server.latest(guardIdOf(holder.run.id));
      const guarded = guard?.running && guard.memo.ownerRunId === holder.run.start.runId;
      if (holder.run.running || guarded)
        this.violated(
          'a lock has one holder',
          `${run.id} got it while ${holder.run.running ? holder.run.id : guard?.id} was at work`,
        );
    }
    this.#holders.push({ run, resources });
  }

  /** What the run says of itself against what was done: every step that is done has an answer, and nothing runs any more. */
  ended(run: Execution, { steps, asked }: RunProgress): void {
    const running = steps.find(({ state }) => state === 'running');
    if (running)
      this.violated('the checklist tells the truth', `${run.id} has ended, “${running.title}” is said to run`);
    const answered = new Map<string, number>();
    for (const action of run.completed) answered.set(action, (answered.get(action) ?? 0) + 1);
    for (const { action, title, state } of steps) {
      if (state !== 'done' || action === 'lock' || action === 'ask') continue;
      const left = (answered.get(action) ?? 0) - 1;
      answered.set(action, left);
      if (left < 0) this.violated('the checklist tells the truth', `${run.id} says that “${title}” is done; it is not`);
    }
    const no = asked.find(({ answer }) => answer?.answer !== 'approved' && answer?.answer !== 'waived');
    if (no && run.outcome?.kind === 'completed')
      this.violated('the result tells the truth', `${run.id} went on although nobody approved “${no.question}”`);
    if (run.outcome?.kind === 'completed') this.#result(run, run.outcome.result);
  }

  #result(run: Execution, result: unknown): void {
    const { archive, strategy, movedAside, backup } = (result ?? {}) as Partial<Record<string, string>>;
    if (movedAside && (this.site.store.swapState(movedAside) !== 'kept' || this.site.store.content !== backup))
      this.violated(
        'the result tells the truth',
        `${run.id} says that ${backup} serves and ${movedAside} is kept; ${this.site.store.content} serves`,
      );
    if (archive === undefined) return;
    const kept = this.site.archives.find(({ name }) => name === archive);
    if (!kept?.verified)
      this.violated(
        'the result tells the truth',
        `${run.id} says that it has made ${archive}, which is ${kept ? 'not verified' : 'not there'}`,
      );
    const held = this.site.copies.archived.get(archive);
    if (held?.runId !== run.start.runId || held.way !== strategy || kept?.strategy !== strategy)
      this.violated(
        'the result tells the truth',
        `${run.id} says that ${archive} was made by ${strategy}; it holds what ${held?.runId ?? 'nobody'} has taken by ${held?.way ?? 'nothing'}`,
      );
    const flaw = this.site.jobs.all().find(({ call, flaws }) => call.runId === run.start.runId && flaws.length > 0);
    if (flaw && !this.#byHand)
      this.violated('the result tells the truth', `the archive of ${run.id} was made of ${flaw.flaws.join(', ')}`);
  }

  /** After everything has ended and landed. */
  atEnd(): void {
    for (const run of this.server.all()) this.#jobsOf(run);
    // Run and guard are both gone, and an operator knows what is left.
    if (this.site.messages.some(({ kind, text }) => kind === 'failed' && text.includes('ended before it had closed')))
      return;
    for (const [aside, { state: at, old }] of this.site.store.swaps)
      if (at === 'swapped')
        this.violated(
          'the data that serves is the old or the restored, and production is never brought up over data that is not proved',
          `${aside} is left half-way: ${this.site.store.content} serves, ${old} lies aside`,
        );
    const now = state(this.site);
    const differs = fieldsOf(now).filter((field) => !this.#exempt.has(field) && now[field] !== this.#found[field]);
    if (differs.length > 0)
      this.violated(
        'the site is left as it was found',
        differs.map((field) => `${field} is ${String(now[field])}, was ${String(this.#found[field])}`).join('; '),
      );
  }

  #jobsOf(run: Execution): void {
    const launched = new Map<string, number>();
    for (const { call, launches } of this.site.jobs.all())
      if (call.runId === run.start.runId) launched.set(call.title, (launched.get(call.title) ?? 0) + launches);
    if (launched.size === 0) return;
    for (const [title, times] of launched) {
      const wanted = run.tasks
        .flatMap(({ commands }) => commands)
        .filter(({ scheduleActivity, userMetadata }) => scheduleActivity && titleOf(userMetadata?.summary) === title);
      if (times > wanted.length)
        this.violated(
          'no job runs twice',
          `“${title}” of ${run.id} was asked for ${wanted.length} times, started ${times}`,
        );
    }
  }

  /** What an operator has changed by hand is nobody's to undo. */
  #exemptBy(fault: Fault, found: Found): void {
    if (fault.kind === 'host reboots') this.#exempt.add('workplace');
    if (fault.kind === 'host reboots' && fault.host === 'backup') this.#exempt.add('mounted');
    if (fault.kind !== 'an operator') return;
    if (fault.does.endsWith('database') && found.databaseStopped) this.#exempt.add('databaseRuns');
    if (fault.does.startsWith('production') && found.productionDown) this.#exempt.add('production');
    if (fault.does === 'stop server')
      for (const field of ['server', 'mounted', 'workplace'] as const) this.#exempt.add(field);
  }
}

function state(site: SiteModel) {
  return {
    production: site.production,
    databaseRuns: site.running,
    server: site.server,
    mounted: site.mounted,
    workplace: site.workplace,
    pull: site.pull,
    pullBack: site.pullBack,
    stage: site.store.staging,
    snapshot: site.copies.snapshotMade,
  };
}

type State = ReturnType<typeof state>;
const fieldsOf = (of: State) => Object.keys(of) as (keyof State)[];
const verified = (site: SiteModel) => site.archives.filter((archive) => archive.verified).length;
const overlap = (a: readonly string[], b: readonly string[]) =>
  a.some((one) => b.some((other) => one === other || one === 'site' || other === 'site'));

function titleOf(summary: unknown): string {
  const data = (summary as { data?: Uint8Array } | null | undefined)?.data;
  return data ? (JSON.parse(Buffer.from(data).toString()) as string) : '';
}

import { type Asked } from '../../workflows/contract/approvals';
import { messages, type RunProgress } from '../../workflows/contract/messages';
import { runbooks } from '../../workflows/contract/runbooks';
import { SimulatedWorkers } from './attempts';
import { Clock } from './clock';
import { Companions } from './companions';
import { type Disturbance, type Fault, faultText, type OperatorAct } from './faults';
import { Invariants, type Violation } from './invariants';
import { agreeable, questionIn } from './people';
import { Random } from './random';
import { type Scenario } from './scenario';
import { type Message, SiteModel } from './site/model';
import { inUse } from './site/store';
import { type Execution } from './temporal/execution';
import { type Command, type Sandbox, WorkflowBug } from './temporal/sandbox';
import { TemporalServer } from './temporal/server';
import { commandText } from './trace';

export interface Verdict {
  readonly violation: Violation | null;
  /** Activities in the order they were scheduled. */
  readonly actions: readonly string[];
  /** Every command of every workflow, in order: equal for equal scenarios. Only if asked for. */
  readonly commands: readonly string[];
  /** Everything that happened, for people. Only if asked for. */
  readonly trace: readonly string[];
}

/** Where in the sandbox an error was made depends on what was compiled by then. */
const withoutStacks = (key: string, value: unknown) => (key === 'stackTrace' ? undefined : value);

const startMs = Date.UTC(2026, 0, 5, 2);
const patienceMs = 12 * 3_600_000;
/** From an alarm to what a person does about it. */
const heedMs = 120_000;
/** A workflow that goes round in circles. */
const mostTasks = 3000;

/** What is remembered of a simulation besides its verdict. */
export type Keep = 'nothing' | 'commands' | 'trace';

/** One simulation from beginning to end. */
export async function simulate(sandbox: Sandbox, scenario: Scenario, keep: Keep): Promise<Verdict> {
  const world = new World(sandbox, scenario, keep);
  return await world.run();
}

class World {
  readonly #clock = new Clock(startMs);
  readonly #site: SiteModel;
  readonly #workers: SimulatedWorkers;
  readonly #server: TemporalServer;
  readonly #invariants: Invariants;
  readonly #actions: string[] = [];
  readonly #commands: string[] = [];
  readonly #trace: string[] = [];
  readonly #runs: (Execution | null)[] = [];
  #disturbed = 0;

  constructor(
    sandbox: Sandbox,
    private readonly scenario: Scenario,
    private readonly keep: Keep,
  ) {
    const random = new Random(scenario.seed);
    this.#site = new SiteModel(() => this.#clock.nowMs);
    this.#find();
    this.#invariants = new Invariants(this.#site, scenario);
    const say = (text: string) => this.#say(text);
    this.#workers = new SimulatedWorkers(this.#clock, random, this.#site, scenario.faults, (f) => this.#happen(f), say);
    this.#workers.abandonedLands = (action, { workflowId }) =>
      this.#invariants.violated(
        'a cancelled run waits for its change in flight',
        `${action} of ${workflowId} took effect when the run had cancelled it and gone on`,
      );
    this.#server = new TemporalServer(this.#clock, random, sandbox, this.#workers, {
      started: (run) => this.#say(`${run.id} begins as ${run.start.runId}`),
      commanded: (run, command) => this.#commanded(run, command),
      closed: (run) => this.#closed(run),
      signalled: (run, name, args) => {
        this.#say(`${run.id} is told ${name}`);
        this.#invariants.signalled(run, name, args);
      },
    });
    this.#workers.server = this.#server;
    this.#workers.companions = new Companions(this.#clock, random, this.#server, this.#site);
    this.#invariants.server = this.#server;
    this.#site.changed = (change) => {
      this.#say(`SITE ${change.what}${change.call ? ` by ${change.call.workflowId}` : ''}`);
      this.#invariants.changed(change);
    };
    this.#site.told = (message) => this.#heed(message);
  }

  async run(): Promise<Verdict> {
    for (const [index, begin] of this.scenario.runs.entries()) {
      this.#runs.push(null);
      this.#disturbed += 1;
      this.#clock.after(begin.afterMs, () => {
        this.#disturbed -= 1;
        const { workflow: type } = runbooks[begin.runbook];
        const workflowId = `${begin.runbook}/fake/${index}`;
        this.#runs[index] = this.#server.start({ workflowId, type, queue: 'runbooks', args: [begin.input] });
      });
    }
    try {
      const ended = await this.#clock.run(
        startMs + patienceMs,
        () => this.#invariants.violation !== null || this.#isQuiet(),
      );
      if (!ended || !this.#isQuiet()) {
        const open = this.#ours().filter(({ running }) => running);
        this.#invariants.violated(
          'every run and guard comes to its end',
          `${open.map(({ id }) => id).join(', ')} still open after ${patienceMs / 3_600_000} h`,
        );
      }
      this.#invariants.atEnd();
    } catch (error) {
      if (!(error instanceof WorkflowBug)) throw error;
      this.#invariants.violated('workflow code is deterministic and fails only with failures of ours', error.message);
    } finally {
      await this.#server.evict(() => true);
    }
    return {
      violation: this.#invariants.violation,
      actions: this.#actions,
      commands: this.#commands,
      trace: this.#trace,
    };
  }

  /** Runs and guards have ended, nothing is on its way, and what broke down has come back. */
  #isQuiet(): boolean {
    return (
      this.#disturbed === 0 &&
      this.#workers.landing === 0 &&
      this.#runs.every((run) => run !== null) &&
      this.#ours().every(({ running }) => !running)
    );
  }

  /** Runs and guards; locks and catalogues go on. */
  #ours(): Execution[] {
    return this.#server.all().filter(({ start }) => start.type !== 'lock' && start.type !== 'catalogue');
  }

  #find(): void {
    const { found } = this.scenario;
    const site = this.#site;
    site.server = found.serverRuns ? 'ACTIVE' : 'SHUTOFF';
    site.mounted = found.mounted;
    site.production = found.productionDown ? 'fallback' : 'production';
    site.note = found.productionDown ? 'taken down by kari: new switch' : '';
    site.running = !found.databaseStopped;
    site.looksBack = found.looksBack ?? false;
    site.archives = found.archives.map((isVerified, index) => {
      const createdAt = new Date(startMs - (index + 1) * 86_400_000).toISOString();
      return {
        kind: 'archive',
        name: `fake-${index}.tar.zst`,
        site: 'fake',
        createdAt,
        bytes: 50,
        sha256: 'aa',
        engine: 'cockroach',
        strategy: 'cold',
        verified: isVerified,
        verifiedAt: isVerified ? createdAt : null,
        rows: { users: 1 },
        marker: null,
        run: 'earlier',
      };
    });
    site.catalogue = [...site.archives];
  }

  #commanded(run: Execution, command: Command): void {
    if (command.scheduleActivity) this.#actions.push(command.scheduleActivity.activityType ?? '');
    if (this.keep === 'commands') this.#commands.push(`${run.start.runId} ${JSON.stringify(command, withoutStacks)}`);
    if (this.keep === 'trace') this.#say(`${run.id} → ${commandText(command)}`);
    const asked = questionIn(command);
    if (asked) this.#answer(run, asked);
    if (run.tasks.length > mostTasks)
      this.#invariants.violated('every run and guard comes to its end', `${run.id} goes round in circles`);
  }

  #answer(run: Execution, { question }: Asked): void {
    const { say, afterMs } = this.scenario.people ?? agreeable;
    if (say === 'nothing') return;
    this.#clock.after(afterMs, () => {
      if (!run.running) return;
      this.#say(`people ${say} what ${run.id} asks`);
      this.#server.update(run, messages[say], { who: 'kari', why: 'as agreed', question });
    });
  }

  #closed(run: Execution): void {
    this.#say(`${run.id} (${run.start.runId}) has ended: ${run.outcome?.kind}`);
    const { outcome, instance } = run;
    if (!instance || !this.#ours().includes(run) || outcome?.kind === 'terminated' || outcome?.kind === 'timedOut')
      return;
    this.#disturbed += 1;
    this.#clock.after(0, async () => {
      if (run.start.type !== 'guard' && run.instance) {
        const progress = (await run.instance.query(messages.progress)) as RunProgress;
        this.#invariants.ended(run, progress);
      }
      await run.instance?.dispose();
      run.instance = null;
      this.#disturbed -= 1;
    });
  }

  #happen(fault: Disturbance): void {
    this.#say(`FAULT ${faultText(fault)}`);
    switch (fault.kind) {
      case 'worker dies':
        this.#workers.die(fault.worker, fault.forMs);
        return this.#until(fault.forMs, () => undefined);
      case 'Temporal is away':
        this.#server.away = true;
        return this.#until(fault.forMs, () => {
          this.#server.away = false;
          this.#server.offer();
        });
      case 'host reboots': {
        const ran = this.#site.running;
        this.#site.crash(fault.host);
        return this.#until(fault.forMs, () => {
          this.#site.recover(fault.host);
          // The host's own init starts what ran.
          if (fault.host === 'db1' && ran) this.#site.running = true;
        });
      }
      case 'host is cut off':
        this.#site.unreachable.add(fault.host);
        return this.#until(fault.forMs, () => this.#site.unreachable.delete(fault.host));
      case 'an operator':
        this.#byHand(fault.does);
        return this.#until(fault.forMs, () => this.#byHandAgain(fault.does));
      case 'terminate guard': {
        const guard = this.#server.latest(`guard/${this.#runs[fault.run]?.id}`);
        return guard && this.#soon(() => this.#server.terminate(guard));
      }
      case 'cancel':
      case 'abort':
      case 'terminate':
      case 'time out':
      case 'reset':
        return this.#soon(() => this.#interfere(fault));
    }
  }

  #interfere(fault: Disturbance): void {
    const id = 'run' in fault ? this.#runs[fault.run]?.id : undefined;
    const run = id ? this.#server.latest(id) : undefined;
    if (!run?.running) return;
    if (fault.kind === 'cancel') this.#server.cancel(run);
    if (fault.kind === 'abort') this.#server.update(run, messages.abort, { who: 'olav', why: 'wrong night' });
    if (fault.kind === 'terminate') this.#server.terminate(run);
    if (fault.kind === 'time out') this.#server.terminate(run, 'timedOut');
    if (fault.kind === 'reset') this.#server.reset(run, Math.max(1, Math.floor((1 - fault.share) * run.tasks.length)));
  }

  /** Not in the middle of what is being done: the operator's request arrives at the server next. */
  #soon(act: () => void): void {
    this.#disturbed += 1;
    this.#clock.after(1, () => {
      this.#disturbed -= 1;
      act();
    });
  }

  #until(forMs: number, mend: () => void): void {
    this.#disturbed += 1;
    this.#clock.after(forMs, () => {
      this.#disturbed -= 1;
      mend();
    });
  }

  #byHand(does: OperatorAct): void {
    const site = this.#site;
    if (does === 'start database') site.running = true;
    if (does === 'stop database') site.running = false;
    if (does === 'production up') site.production = 'production';
    if (does === 'production down') site.production = 'fallback';
    if (does === 'stop server') {
      site.crash('backup');
      site.unreachable.delete('backup');
      site.server = 'SHUTOFF';
    }
  }

  /** Whoever stops something for a while starts it again. */
  #byHandAgain(does: OperatorAct): void {
    if (does === 'stop database') this.#site.running = true;
    if (does === 'production down') this.#site.production = 'production';
  }

  /** Who has started a database over which data is to be moved stops it when an alarm says that it is in the way. */
  #heed({ kind, text }: Message): void {
    const started = (fault: Fault) => fault.kind === 'an operator' && fault.does === 'start database';
    if (kind !== 'alarm' || !text.includes(inUse) || !this.scenario.faults.some(started)) return;
    this.#until(heedMs, () => {
      if (!this.#site.store.isMoving) return;
      this.#say('an operator heeds the alarm and stops the database');
      this.#site.running = false;
    });
  }

  #say(text: string): void {
    if (this.keep === 'trace')
      this.#trace.push(`${((this.#clock.nowMs - startMs) / 1000).toFixed(3).padStart(10)} ${text}`);
  }
}

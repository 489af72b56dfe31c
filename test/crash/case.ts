import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { RunObserver } from '../../cli/follow/observer';
import { type RunReport, type RunStatus } from '../../cli/report/report';
import { type CatalogueEntry } from '../../workflows/contract/actions/archives';
import { catalogueIdOf, guardIdOf, messages } from '../../workflows/contract/messages';
import { until } from '../support/temporal-server';
import { verifiedArchives } from './archives';
import { type Bench } from './bench';
import { type Blow, type BlowName, blows } from './blows';
import { type DataEvidence, isStaged, lookAtPosts, newestBackup, swapsIn } from './data';
import { downtimeSince, type Evidence, isAsFound, tracesOf } from './evidence';
import { brokenInvariants } from './invariants';
import { lockHoldersOf } from './lock';
import { type Moment } from './moments';
import { type Subject, type SubjectName, subjects } from './subjects';
import { type Wanted, Watch } from './watch';

/** One blow at one moment. */
export interface Case {
  readonly subject: SubjectName;
  readonly blow: BlowName;
  readonly moment: Moment;
  /** Decides how far an activity has come at `runs`. */
  readonly seed: number;
}

/** What came of a case. */
export interface Dealt extends Case {
  /** What did not hold; empty for a case that has passed. */
  readonly broken: readonly string[];
  readonly downtimeMs: number;
  readonly asFoundMs: number;
  readonly tookMs: number;
  /** How the run ended; null if the case did not come so far. */
  readonly status: RunStatus | null;
}

export interface Outcome extends Dealt {
  readonly report: RunReport | null;
}

/** How often the server is asked about a run: it has better things to do. */
const ASK_EVERY_MS = 250;
const REACHED_WITHIN_S = 180;
/** A change on a host that is away is tried for five minutes, and a late one waited for for one. */
const CLOSED_WITHIN_S = 480;
/** A run with a time limit gets this much more than the recorded run took to the moment, for a slower machine. */
const LIMIT_MARGIN_MS = 3_000;
const LONGEST_LIMIT_MS = 120_000;

/** Does a run on a bench that is as found, deals the blow, and looks at everything afterwards. */
export async function runCase(
  bench: Bench,
  { subject: subjectName, blow: name, moment, seed }: Case,
): Promise<Outcome> {
  const blow: Blow = blows[name];
  const startedAt = Date.now();
  const subject: Subject = subjects[subjectName];
  const common = { subject: subjectName, blow: name, moment, seed };
  let workflowId = '';
  try {
    const before = verifiedArchives(bench.paths);
    const tracesBefore = tracesOf(bench.paths);
    const dataSince = subject.runbook === 'restore' ? await lookAtData(bench) : null;
    const wanted = { ...moment, afterMs: fraction(name, moment, seed) * moment.tookMs };
    const met = await meet(bench, subject, wanted, blow.limitsRun ? moment.atMs * 1.3 + LIMIT_MARGIN_MS : null);
    const { watch } = met;
    ({ workflowId } = met);

    const struckAt = Date.now();
    const looking = new AsFound(bench, struckAt);
    try {
      await blow.deal({ bench, workflowId, letGo: () => watch.letGo() });
      await until('run and guard have ended', () => haveEnded(bench, workflowId), CLOSED_WITHIN_S);
      await looking.found(blow.servesWithinMs ?? 0);
    } finally {
      watch.letGo();
      await looking.stop();
    }
    const gathered = await gather(bench, workflowId, looking);
    const evidence = { ...gathered, startedAt, struckAt, before, tracesBefore, data: (await dataSince?.()) ?? null };
    return {
      ...common,
      broken: brokenInvariants(blow, evidence),
      downtimeMs: downtimeSince(evidence.status, startedAt),
      asFoundMs: evidence.asFoundMs,
      tookMs: Date.now() - startedAt,
      status: evidence.report.status,
      report: evidence.report,
    };
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const report = workflowId ? await reportOf(bench, workflowId).catch(() => null) : null;
    const tookMs = Date.now() - startedAt;
    return { ...common, broken: [why], downtimeMs: 0, asFoundMs: 0, tookMs, status: report?.status ?? null, report };
  } finally {
    bench.gate.keeper = null;
  }
}

/** Starts a run and returns when it is held at the moment; one that runs out of time before is started anew, with more. */
async function meet(
  bench: Bench,
  subject: Subject,
  wanted: Wanted,
  limitMs: number | null,
): Promise<{ readonly workflowId: string; readonly watch: Watch }> {
  const { runbook, workflowType, input } = subject;
  const workflowId = `${runbook}/lab/${new Date().toISOString()}`;
  const watch = new Watch(workflowId, wanted);
  bench.gate.keeper = watch;
  const limit = limitMs === null ? {} : { workflowRunTimeout: limitMs };
  await bench.client.workflow.start(workflowType, { workflowId, taskQueue: 'runbooks', args: [input], ...limit });
  const met = await until('the moment', () => meetsOrEnds(bench, workflowId, watch), REACHED_WITHIN_S);
  if (met === 'moment') return { workflowId, watch };
  watch.letGo();
  if (limitMs === null || limitMs > LONGEST_LIMIT_MS) throw new Error(`${workflowId} ended before the moment`);
  await until('run and guard have ended', () => haveEnded(bench, workflowId), CLOSED_WITHIN_S);
  await lockHoldersOf(bench);
  return await meet(bench, subject, wanted, limitMs * 2);
}

/** False for neither, so far. */
async function meetsOrEnds(bench: Bench, workflowId: string, watch: Watch): Promise<'moment' | 'end' | false> {
  const look = async () => {
    await sleep(ASK_EVERY_MS);
    return (await isRunning(bench, workflowId)) ? false : 'end';
  };
  return await Promise.race([watch.reached.then(() => 'moment' as const), look()]);
}

/** From 0 to 1, the same for the same case. */
export function fraction(blow: string, { edge, name, nth }: Moment, seed: number): number {
  const digest = createHash('sha256').update([seed, blow, edge, name, nth].join('\n')).digest();
  return digest.readUInt32BE() / 2 ** 32;
}

async function gather(
  bench: Bench,
  workflowId: string,
  looking: AsFound,
): Promise<Omit<Evidence, 'startedAt' | 'struckAt' | 'before' | 'tracesBefore' | 'data'>> {
  const handle = bench.client.workflow.getHandle(workflowId);
  const lockHolders = await lockHoldersOf(bench);
  return {
    asFoundMs: looking.afterMs,
    status: await bench.status(),
    serverStatus: (await handle.describe()).status.name,
    guardStatus: await statusOf(bench, guardIdOf(workflowId)),
    history: await handle.fetchHistory(),
    report: await reportOf(bench, workflowId),
    lockHolders,
    after: verifiedArchives(bench.paths),
    catalogue: await catalogueOf(bench),
    traces: tracesOf(bench.paths),
  };
}

/** Looks at the data before a case; what it returns looks again, afterwards. */
async function lookAtData({ paths }: Bench): Promise<() => Promise<DataEvidence>> {
  const seen = { backup: newestBackup(paths), before: await lookAtPosts(paths), swapsBefore: swapsIn(paths) };
  return async () => ({ ...seen, after: await lookAtPosts(paths), swaps: swapsIn(paths), staged: isStaged(paths) });
}

async function catalogueOf({ client }: Bench): Promise<readonly string[]> {
  const records = await client.workflow.getHandle(catalogueIdOf('lab')).query<CatalogueEntry[]>(messages.backups);
  return records.filter(({ verified, missingSince }) => verified && missingSince === null).map(({ name }) => name);
}

/** What `runbook report --json` prints. */
async function reportOf({ client }: Bench, workflowId: string): Promise<RunReport> {
  return (await new RunObserver(client, workflowId).look()).report;
}

async function haveEnded(bench: Bench, workflowId: string): Promise<boolean> {
  await sleep(ASK_EVERY_MS);
  const running = await Promise.all([workflowId, guardIdOf(workflowId)].map((id) => isRunning(bench, id)));
  return !running.includes(true);
}

/** While the server is away nothing is known to have ended. */
async function isRunning(bench: Bench, workflowId: string): Promise<boolean> {
  const status = await statusOf(bench, workflowId).catch(() => 'RUNNING');
  return status === 'RUNNING';
}

/** Null for a workflow that was never started. */
async function statusOf({ client }: Bench, workflowId: string): Promise<string | null> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Keeps looking from the blow on until the site is as found, and stays so. */
class AsFound {
  static readonly everyMs = 500;
  #since: number | null = null;
  #over = false;
  readonly #looking: Promise<void>;

  constructor(
    private readonly bench: Bench,
    private readonly struckAt: number,
  ) {
    this.#looking = this.#look();
  }

  get afterMs(): number {
    return (this.#since ?? Date.now()) - this.struckAt;
  }

  /** Returns when the site is as found, or has had so long for it. */
  async found(withinMs: number): Promise<void> {
    for (const until = Date.now() + withinMs; this.#since === null && Date.now() < until;) await sleep(100);
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#looking;
  }

  async #look(): Promise<void> {
    while (!this.#over) {
      const asFound = await this.bench.status().then(isAsFound, () => false);
      this.#since = asFound ? (this.#since ?? Date.now()) : null;
      await sleep(AsFound.everyMs);
    }
  }
}

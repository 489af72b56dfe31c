import { basename } from 'node:path';
import { type RunStatus } from '../../cli/report/report';
import { decode, eventsOf, type History } from '../../cli/report/history';
import { messages, type OpenBracket } from '../../workflows/contract/messages';
import { type Blow } from './blows';
import { dataIsWhole } from './data';
import { downtimeSince, type Evidence, isAsFound } from './evidence';

/** Of the lab's site: `limits.maxDowntimeSeconds`, and what it may take until somebody notices. */
const DOWNTIME_LIMIT_MS = 600_000;
const DETECTION_MS = 30_000;
/** Of the lab's site: as many verified archives are kept. */
const KEEP = 3;

const statuses: Readonly<Record<string, RunStatus>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timedOut',
};

/** Says what must hold after a blow and does not, in sentences; empty if everything does. */
export function brokenInvariants(blow: Blow, seen: Evidence): readonly string[] {
  return [
    ...siteIsAsFound(blow, seen),
    ...jobsRanOnce(seen),
    ...visitorsWereServed(seen),
    ...archivesAreSafe(seen),
    ...(seen.data ? dataIsWhole(seen.data, seen.report.status === 'completed') : []),
    ...guardDidItsPart(seen),
    ...reportIsTrue(blow, seen),
  ];
}

function* siteIsAsFound(blow: Blow, { status, traces, tracesBefore, lockHolders }: Evidence): Iterable<string> {
  const { serving, database, servers, floatingIp } = status;
  if (!isAsFound(status)) {
    const { backup } = servers;
    yield `the site is not as found: serves ${serving} at ${floatingIp.at}, database ${database.running ? 'runs' : 'stopped'}, backup server ${backup?.status} (${backup?.taskState})`;
  }
  // What a server that lost power has left is taken away by the first run that comes so far.
  const mayLeave = (before: boolean | number) => blow.leavesWorkplace || before;
  for (const host of ['db1', 'backup'] as const)
    if (traces.pullKeys[host] > 0 && !(host === 'backup' && mayLeave(tracesBefore.pullKeys.backup)))
      yield `${host} still accepts ${traces.pullKeys[host]} key(s) of a pull`;
  if (traces.snapshot) yield 'a snapshot is still beside the store';
  if (traces.workplace && !mayLeave(tracesBefore.workplace)) yield 'the workplace is still on the backup volume';
  if (lockHolders.length > 0) yield `the lock is still held by ${lockHolders.join(', ')}`;
}

function* jobsRanOnce({ report, traces }: Evidence): Iterable<string> {
  for (const [key, launches] of Object.entries(traces.launches))
    if (launches !== 1) yield `job ${key} was launched ${launches} times`;
  for (const { key, starts } of report.jobs) {
    if (starts !== 1) yield `the report says that job ${key} was started ${starts} times`;
    if (!(key in traces.launches)) yield `the report knows of job ${key}, which its host does not`;
  }
}

function* visitorsWereServed({ status, struckAt, startedAt, data }: Evidence): Iterable<string> {
  // What a restore may lose is for its own invariants to say.
  if (!data && status.visitor.writesLost > 0) yield `${status.visitor.writesLost} acknowledged write(s) are lost`;
  const downMs = downtimeSince(status, startedAt);
  if (downMs > DOWNTIME_LIMIT_MS + DETECTION_MS)
    yield `visitors were not served for ${downMs} ms around the blow at ${new Date(struckAt).toISOString()}`;
}

function* archivesAreSafe({ report, before, after, catalogue, data }: Evidence): Iterable<string> {
  for (const [name, state] of after) if (state === 'damaged') yield `archive ${name} is not what was read back`;
  const made = [...after.keys()].filter((name) => !before.has(name));
  const gone = [...before.keys()].filter((name) => !after.has(name));
  if (gone.length > 0 && made.length === 0) yield `${gone.join(', ')} was removed without a successor`;
  if (gone.length > 0 && after.size < KEEP) yield `${gone.join(', ')} was removed; ${after.size} are left`;
  const oldestKept = [...before.keys()].find((name) => after.has(name));
  for (const name of gone)
    if (oldestKept !== undefined && name > oldestKept) yield `${name} was removed although ${oldestKept} is older`;
  if (report.status !== 'completed') return;
  const { archive } = report.result as { readonly archive?: string };
  if (!data && !made.some((name) => name.endsWith(archive ?? '-')))
    yield `the run made ${archive}, which is not a verified archive on the volume`;
  const lying = [...after.keys()].map((name) => basename(name)).sort();
  if (lying.join() !== [...catalogue].sort().join())
    yield `the catalogue has ${catalogue.join(', ') || 'nothing'}, on the volume are ${lying.join(', ')}`;
}

/** What the run had open when it ended its guard has closed, and has told so. */
function* guardDidItsPart({ history, report, guardStatus, status }: Evidence): Iterable<string> {
  if (guardStatus === 'FAILED' || guardStatus === 'TERMINATED' || guardStatus === 'TIMED_OUT')
    yield `the guard ended as ${guardStatus}`;
  const restored = new Set(report.guard.restored);
  const left = openAtEnd(history).filter((title) => !restored.has(title));
  if (left.length > 0) yield `the run left open what its guard has not closed: ${left.join(', ')}`;
  if (restored.size === 0) return;
  const told = new Set(status.notifications.filter(({ run }) => run === report.workflowId).map(({ kind }) => kind));
  for (const kind of ['alarm', 'recovered'])
    if (!told.has(kind)) yield `the guard closed something and nobody was told (${kind})`;
}

function* reportIsTrue(
  { ends, failures = [] }: Blow,
  { report, serverStatus, status, startedAt }: Evidence,
): Iterable<string> {
  if (statuses[serverStatus] !== report.status)
    yield `the report says ${report.status}, the server says ${serverStatus}`;
  if (!ends.includes(report.status))
    yield `the run is ${report.status} (${report.failure?.type}: ${report.failure?.message}), expected ${ends.join(' or ')}`;
  const { type } = report.failure ?? {};
  if (report.status === 'failed' && ends.includes('failed') && !(failures as readonly string[]).includes(type ?? ''))
    yield `the run failed with ${type} (${report.failure?.message}), expected ${failures.join(' or ')}`;
  const unfinished = report.steps.filter(({ state }) => state === 'running').map(({ title }) => title);
  if (unfinished.length > 0) yield `the report calls steps of an ended run running: ${unfinished.join(', ')}`;
  const failed = report.steps.filter(({ state, action }) => state === 'failed' && action !== 'notify');
  if (report.status === 'completed' && failed.length > 0)
    yield `the report calls the run completed and steps of it failed: ${failed.map(({ title }) => title).join(', ')}`;
  if (report.status === 'failed' && !report.failure?.message) yield 'the report does not say why the run failed';
  const fallback = status.visitor.outages.some(({ kind, to }) => kind === 'fallback' && Date.parse(to) > startedAt);
  if (fallback && report.downtimeMs === 0) yield 'visitors saw the fallback page, the report knows of no downtime';
}

/** Titles of what the guard had been told of and the run had not begun to take back, jobs as their guard calls them. */
function openAtEnd(history: History): readonly string[] {
  const open = new Map<number, OpenBracket>();
  const sent = new Map<string, OpenBracket>();
  for (const event of eventsOf(history)) {
    const signal = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
    const delivered = event.externalWorkflowExecutionSignaledEventAttributes;
    if (signal?.signalName === messages.bracketOpened)
      sent.set(String(event.eventId), decode(signal.input?.payloads?.[0]) as OpenBracket);
    if (signal?.signalName === messages.bracketClosed) open.delete(decode(signal.input?.payloads?.[0]) as number);
    const opened = delivered && sent.get(String(delivered.initiatedEventId));
    if (opened) open.set(opened.id, opened);
  }
  return [...open.values()].map(({ kind, title }) => (kind === 'job' ? `stopped: ${title}` : title));
}

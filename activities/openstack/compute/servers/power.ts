import { fail, failureTypeOf } from '../../../failures';
import { type Description, type Request } from '../../request';
import { type SendOptions, type Session } from '../../session';
import { type Verdict, waitFor, type WaitOptions } from '../../waiters';
import { findServer } from './find';
import { getServer, listInstanceActions, type ServerRef, startServer, stopServer } from './requests';
import { type ServerView } from './results';

export interface PowerOptions extends WaitOptions<ServerView> {
  /** For all of it: waiting until the server is not busy, the change, waiting until it has happened. @default 180000 */
  readonly timeoutMs?: number;
}

export interface PowerResult {
  readonly server: ServerView;
  /** False when it was found as wanted. */
  readonly changed: boolean;
}

interface Goal {
  readonly wanted: 'ACTIVE' | 'SHUTOFF';
  /** The only status the change works from. */
  readonly from: 'ACTIVE' | 'SHUTOFF';
  readonly action: 'start' | 'stop';
  readonly request: (server: ServerRef) => Request<string | undefined>;
}

const running: Goal = { wanted: 'ACTIVE', from: 'SHUTOFF', action: 'start', request: startServer };
const stopped: Goal = { wanted: 'SHUTOFF', from: 'ACTIVE', action: 'stop', request: stopServer };

/**
 * Starts the server unless it runs, and returns when it is ACTIVE and nothing is being done to it.
 *
 * Safe to repeat. ACTIVE does not mean that the guest has booted.
 * @throws `ResourceFailed` (it is in ERROR, or the start failed), `PreconditionFailed` (paused, locked, two of that
 * name), `NotFound`, `Conflict` (kept busy by others), `Unavailable` (not done in time).
 */
export const ensureServerRunning = (cloud: Session, name: string, options: PowerOptions = {}) =>
  ensurePower(cloud, name, running, options);

/** Stops the server in order unless it is off, and returns when it is SHUTOFF; as `ensureServerRunning`. */
export const ensureServerStopped = (cloud: Session, name: string, options: PowerOptions = {}) =>
  ensurePower(cloud, name, stopped, options);

/** What `ensureServerRunning` would do now. */
export const describeServerRunning = (cloud: Session, name: string, options: SendOptions = {}) =>
  describePower(cloud, name, running, options);

/** What `ensureServerStopped` would do now. */
export const describeServerStopped = (cloud: Session, name: string, options: SendOptions = {}) =>
  describePower(cloud, name, stopped, options);

async function describePower(cloud: Session, name: string, goal: Goal, options: SendOptions): Promise<Description> {
  const server = await findServer(cloud, name, options);
  const { text } = await cloud.render(goal.request(server), options);
  const changes = server.status !== goal.wanted || isBusy(server);
  return { now: `server ${name} is ${stateOf(server)}`, command: text, changes };
}

async function ensurePower(cloud: Session, name: string, goal: Goal, options: PowerOptions): Promise<PowerResult> {
  const { signal, onPending, timeoutMs = 180_000 } = options;
  const { clock } = cloud;
  const deadlineMs = clock.now() + timeoutMs;
  const found = await findServer(cloud, name, { signal, timeoutMs });
  const waitUntil = (judge: (view: ServerView) => Verdict | Promise<Verdict>) =>
    waitFor<ServerView>({
      target: `server/${name}`,
      wanted: goal.wanted,
      see: seeServer(name),
      look: (look) => cloud.send(getServer(found), look),
      judge,
      stateOf,
      clock,
      deadlineMs,
      signal,
      onPending,
    });

  for (;;) {
    const server = await waitUntil((view) => whenAtRest(view, goal));
    if (server.status === goal.wanted) return { server, changed: false };
    try {
      const requestId = await cloud.send(goal.request(server), { signal });
      return { server: await waitUntil((view) => whenDone(cloud, view, goal, requestId, signal)), changed: true };
    } catch (error) {
      // Somebody was quicker, between our look and our request: look again.
      if (failureTypeOf(error) !== 'Conflict' || clock.now() >= deadlineMs) throw error;
      if (server.locked) throw lockedFailure(server, goal, error);
    }
    await clock.sleep(500, signal);
  }
}

/** Before the change: ready when the server can be judged, and is as wanted or can be changed. */
function whenAtRest(view: ServerView, goal: Goal): Verdict {
  const common = commonVerdict(view, goal);
  if (common) return common;
  if (view.status === goal.wanted || view.status === goal.from) return { is: 'ready' };
  const remedy = `openstack server ${remedies[view.status] ?? 'show'} ${view.name}`;
  const message = `${sentence(view, goal)}; ${goal.action} works from ${goal.from} only. First: ${remedy}`;
  return { is: 'failed', failure: fail('PreconditionFailed', message, { target: `server/${view.name}` }) };
}

/**
 * After the change was accepted: ready when the server is as wanted. A change that fails shows in no fault: the
 * server is back at rest where it was, and only its list of actions tells why.
 */
async function whenDone(
  cloud: Session,
  view: ServerView,
  goal: Goal,
  requestId: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Verdict> {
  const common = commonVerdict(view, goal);
  if (common) return common;
  if (view.status === goal.wanted) return { is: 'ready' };
  const actions = await cloud.send(listInstanceActions(view), { signal });
  const ours = actions.find((action) => (requestId ? action.requestId === requestId : action.action === goal.action));
  if (!ours?.message) return { is: 'pending' };
  const message = `${sentence(view, goal)}: its ${goal.action} failed (${ours.message}, ${ours.requestId}). See: openstack server event list ${view.name}`;
  return { is: 'failed', failure: fail('ResourceFailed', message, { target: `server/${view.name}`, requestId }) };
}

/** What holds before and after the change alike; undefined when the server is at rest. */
function commonVerdict(view: ServerView, goal: Goal): Verdict | undefined {
  if (['DELETED', 'SOFT_DELETED'].includes(view.status)) return { is: 'gone' };
  if (isBusy(view)) return { is: 'pending' };
  if (view.status !== 'ERROR') return undefined;
  const message = `${sentence(view, goal)}. See: ${seeServer(view.name)}`;
  return { is: 'failed', failure: fail('ResourceFailed', message, { target: `server/${view.name}` }) };
}

/** BUILD shows no task for moments in the middle of it. */
const isBusy = (view: ServerView) => view.taskState !== null || ['BUILD', 'UNKNOWN'].includes(view.status);

const remedies: Readonly<Record<string, string>> = {
  PAUSED: 'unpause',
  SUSPENDED: 'resume',
  SHELVED: 'unshelve',
  SHELVED_OFFLOADED: 'unshelve',
  RESCUE: 'unrescue',
  VERIFY_RESIZE: 'resize confirm',
};

function lockedFailure(server: ServerView, goal: Goal, cause: unknown) {
  const message = `server ${server.name} is ${server.status} and locked; wanted ${goal.wanted}. First: openstack server unlock ${server.name}`;
  return fail('PreconditionFailed', message, { target: `server/${server.name}` }, cause);
}

const sentence = (view: ServerView, goal: Goal) => `server ${view.name} is ${stateOf(view)}; wanted ${goal.wanted}`;
const seeServer = (name: string) => `openstack server show ${name}`;

function stateOf({ status, taskState, fault }: ServerView): string {
  const reason = status === 'ERROR' ? fault : taskState;
  return reason ? `${status} (${reason.replace(/\.$/, '')})` : status;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from '@temporalio/client';
import { type RunStatus } from '../../cli/report/report';
import { type FailureType } from '../../workflows/contract/failures';
import { until } from '../support/temporal-server';
import { type Bench } from './bench';
import { isRead, touchesSite } from './effects';
import { type Edge, type Moment } from './moments';

export interface Struck {
  readonly bench: Bench;
  readonly workflowId: string;
  /** Lets what is held at the moment go on. Called by every blow, right after it has fallen. */
  readonly letGo: () => void;
}

/** Something that befalls a run. */
export interface Blow {
  /** What is done, and when it is undone, for people. */
  readonly what: string;
  /** The edges at which the sweep deals it; any other is dealt when asked for. */
  readonly edges: readonly Edge[];
  /** Dealt only at activities that this holds for. @default all */
  readonly at?: (activity: string) => boolean;
  /** Names of the activities between whose beginnings there is something to strike. */
  readonly between?: readonly [first: string, last: string];
  /** Statuses that the run may end with. */
  readonly ends: readonly RunStatus[];
  /** Where it may fail: the types of failure that are the right answer. */
  readonly failures?: readonly FailureType[];
  /** The run is started with a time limit, which strikes by itself while the moment is held. */
  readonly limitsRun?: boolean;
  /** The backup server is off afterwards, with what lay in its workplace. */
  readonly leavesWorkplace?: boolean;
  /** Production itself was struck: it may come back this long after everything else has ended. @default at once */
  readonly servesWithinMs?: number;
  /** Returns when what was struck is back. */
  readonly deal: (struck: Struck) => Promise<void>;
}

const always: readonly Edge[] = ['begins', 'runs', 'answers', 'decides'];
const changes = (activity: string) => !isRead(activity);
const running: readonly Edge[] = ['runs'];

const SERVER_AWAY_MS = 1_000;
const HOST_OFF_MS = 3_000;
const SSH_REFUSED_MS = 2_000;
/** A connection that is silent for 10 s is given up: it is mended after that. */
const SSH_SILENT_MS = 12_000;

/** Less than the heartbeat of a change: an answer that is held for longer is given up, and not asked for again once the run is aborted. */
const ABORTED_WITHIN_MS = 4_000;

const sshHosts = ['db1', 'backup'] as const;

/** Every kind of blow, by name. */
export const blows = {
  'worker-both': {
    what: 'SIGKILL of the worker of the runs and of that of the guards; new ones are started at once',
    edges: always,
    ends: ['completed', 'failed'],
    // A guard that is not heard from within 30 s is no guard to open anything under.
    failures: ['Unavailable'],
    deal: async ({ bench, letGo }) => {
      await bench.killWorkers('runbooks', 'guard');
      letGo();
      await bench.startWorkers('runbooks', 'guard');
    },
  },
  'worker-runbooks': {
    what: 'SIGKILL of the worker of the runs; a new one is started at once',
    edges: running,
    ends: ['completed'],
    deal: async ({ bench, letGo }) => {
      await bench.killWorkers('runbooks');
      letGo();
      await bench.startWorkers('runbooks');
    },
  },
  'worker-guard': {
    what: 'SIGKILL of the worker of the guards; a new one is started at once',
    edges: running,
    ends: ['completed', 'failed'],
    // A guard that is not heard from within 30 s is no guard to open anything under.
    failures: ['Unavailable'],
    deal: async ({ bench, letGo }) => {
      await bench.killWorkers('guard');
      letGo();
      await bench.startWorkers('guard');
    },
  },
  temporal: {
    what: `SIGKILL of the Temporal server; started again after ${SERVER_AWAY_MS / 1000} s`,
    edges: running,
    ends: ['completed'],
    deal: async ({ bench, letGo }) => {
      const { temporal } = await bench.status();
      process.kill(temporal.pid ?? 0, 'SIGKILL');
      letGo();
      await sleep(SERVER_AWAY_MS);
      await bench.control('POST', '/temporal/start');
    },
  },
  'backup-host': {
    what: 'the backup server loses power and stays off',
    edges: running,
    at: touchesSite,
    between: ['startServer', 'stopServer'],
    ends: ['completed', 'failed'],
    failures: ['UnknownOutcome', 'ResourceFailed', 'Unavailable'],
    leavesWorkplace: true,
    deal: async ({ bench, letGo }) => {
      await bench.control('POST', '/hosts/backup/power', { state: 'off' });
      letGo();
    },
  },
  'backup-reboot': {
    what: 'the backup server loses power and boots at once',
    edges: running,
    at: touchesSite,
    between: ['startServer', 'stopServer'],
    ends: ['completed', 'failed'],
    failures: ['PreconditionFailed', 'UnknownOutcome', 'ResourceFailed', 'Unavailable'],
    leavesWorkplace: true,
    deal: async ({ bench, letGo }) => {
      const back = bench.control('POST', '/hosts/backup/power', { state: 'reboot' });
      letGo();
      // Whoever closes may switch it off while it boots.
      await back.catch(() => undefined);
    },
  },
  'database-host': {
    what: `the database host loses power; an operator switches it on after ${HOST_OFF_MS / 1000} s, and its database starts with it`,
    edges: running,
    at: touchesSite,
    ends: ['completed', 'failed'],
    failures: ['PreconditionFailed', 'ResourceFailed', 'UnknownOutcome', 'Unavailable'],
    // The database recovers, and the web servers find it again.
    servesWithinMs: 30_000,
    deal: async ({ bench, letGo }) => {
      await bench.control('POST', '/hosts/db1/power', { state: 'off' });
      letGo();
      await sleep(HOST_OFF_MS);
      await bench.control('POST', '/hosts/db1/power', { state: 'on' });
    },
  },
  'ssh-refused': {
    what: `the SSH connections of database host and backup server are reset, and new ones refused for ${SSH_REFUSED_MS / 1000} s`,
    edges: running,
    at: touchesSite,
    ends: ['completed'],
    deal: async ({ bench, letGo }) => {
      await Promise.all(sshHosts.map((target) => bench.control('POST', '/faults', { kind: 'no-ssh', target })));
      letGo();
      await sleep(SSH_REFUSED_MS);
      await bench.control('DELETE', '/faults');
    },
  },
  'ssh-half-open': {
    what: `the SSH connections of database host and backup server stay open and let no byte pass for ${SSH_SILENT_MS / 1000} s`,
    edges: running,
    at: touchesSite,
    ends: ['completed', 'failed'],
    failures: ['Unavailable'],
    deal: async ({ bench, letGo }) => {
      await Promise.all(sshHosts.map((host) => bench.control('POST', `/hosts/${host}/cut`)));
      letGo();
      await sleep(SSH_SILENT_MS);
      await Promise.all(sshHosts.map((host) => bench.control('POST', `/hosts/${host}/mend`)));
    },
  },
  terminate: {
    what: 'the run is terminated',
    edges: always,
    ends: ['terminated'],
    deal: async ({ bench, workflowId, letGo }) => {
      await bench.client.workflow.getHandle(workflowId).terminate('crash sweep');
      letGo();
    },
  },
  cancel: {
    what: 'the run is cancelled',
    edges: always,
    // A cancellation that comes when everything is done changes nothing.
    ends: ['cancelled', 'completed'],
    deal: async ({ bench, workflowId, letGo }) => {
      await bench.client.workflow.getHandle(workflowId).cancel();
      letGo();
    },
  },
  abort: {
    what: 'an operator types `runbook abort`',
    edges: running,
    // To a run that only looks it is a cancellation.
    at: changes,
    ends: ['cancelled', 'completed'],
    deal: async ({ bench, workflowId, letGo }) => {
      const aborted = bench.runbook('abort', workflowId, '--why', 'crash sweep').catch(() => undefined);
      // The run answers while one of its activities is held, but not while its own decision is.
      await Promise.race([aborted, sleep(ABORTED_WITHIN_MS)]);
      letGo();
      await aborted;
    },
  },
  'time-out': {
    what: 'the run has been given a time limit, which passes',
    edges: running,
    // To a run that only looks it is a termination; a message that is not answered is given up long before the limit.
    at: (activity) => changes(activity) && activity !== 'notify',
    ends: ['timedOut'],
    limitsRun: true,
    deal: async ({ bench, workflowId, letGo }) => {
      await until('the run is out of time', () => isTimedOut(bench.client, workflowId), 300);
      letGo();
    },
  },
} as const satisfies Record<string, Blow>;

export type BlowName = keyof typeof blows;

export const blowNames = Object.keys(blows) as readonly BlowName[];

/**
 * The moments at which the sweep deals a blow.
 *
 * Reading changes nothing: before it, while it runs and when it is done the site is the same, and so is what the run
 * has to take back. A blow of every edge falls there once, while it runs.
 */
export function momentsFor({ edges, at, between }: Blow, moments: readonly Moment[]): readonly Moment[] {
  const [first, last] = (between ?? []).map((name) =>
    moments.find((moment) => moment.edge === 'runs' && moment.name === name),
  );
  return moments.filter(
    ({ id, edge, name }) =>
      edges.includes(edge) &&
      (edge === 'runs' || !isRead(name.replace(/^end of /, ''))) &&
      (at?.(name) ?? true) &&
      id >= (first?.id ?? 0) &&
      id <= (last?.id ?? moments.length),
  );
}

async function isTimedOut(client: Client, workflowId: string): Promise<boolean> {
  return (await client.workflow.getHandle(workflowId).describe()).status.name === 'TIMED_OUT';
}

import { type FailureType } from '../../workflows/contract/failures';
import { type Random } from './random';

/** When in an attempt: a worker has taken it; it has taken effect; the server has its answer. */
export type Phase = 'started' | 'acted' | 'answered';

/** The n-th attempt at an activity of that name, whoever asked for it. */
export interface Moment {
  readonly action: string;
  readonly nth: number;
  readonly phase: Phase;
}

/** What becomes of that attempt. */
type AttemptFault =
  /** It fails before it acts, and so do the next ones. */
  | { readonly kind: 'fail'; readonly type: FailureType; readonly times: number }
  /** It acts, and the connection breaks before the answer. */
  | { readonly kind: 'lose the answer' }
  /** It acts, and is never heard from again. */
  | { readonly kind: 'hang' }
  /** It acts a second time before it answers. */
  | { readonly kind: 'act twice' }
  /** It fails, or is never heard from, and acts that share of the time it may take after its start. */
  | { readonly kind: 'act late'; readonly share: number; readonly silent: boolean };

/** What happens to everything else at that moment. */
type WorldFault =
  | { readonly kind: 'worker dies'; readonly worker: 'runbooks' | 'guard' | 'both'; readonly forMs: number }
  | { readonly kind: 'Temporal is away'; readonly forMs: number }
  | { readonly kind: 'host reboots'; readonly host: string; readonly forMs: number }
  | { readonly kind: 'host is cut off'; readonly host: string; readonly forMs: number }
  | { readonly kind: 'cancel' | 'abort' | 'terminate' | 'time out' | 'terminate guard'; readonly run: number }
  /** Back by that share of its workflow tasks. */
  | { readonly kind: 'reset'; readonly run: number; readonly share: number }
  | { readonly kind: 'an operator'; readonly does: OperatorAct; readonly forMs: number };

/**
 * What is stopped or taken down is brought back by the same operator after the stated time, but for the server; a
 * database that was started is stopped when an alarm asks for that.
 */
export type OperatorAct = 'start database' | 'stop database' | 'production up' | 'production down' | 'stop server';

type At<F> = { readonly at: Moment } & F;
export type Disturbance = At<WorldFault>;
export type Fault = At<AttemptFault> | Disturbance;
export type FaultKind = Fault['kind'];

const attemptKinds = ['fail', 'lose the answer', 'hang', 'act twice', 'act late'] as const;

export function isAttemptFault(fault: Fault): fault is At<AttemptFault> {
  return (attemptKinds as readonly string[]).includes(fault.kind);
}

const kinds: readonly FaultKind[] = [
  ...attemptKinds,
  'act late',
  'worker dies',
  'worker dies',
  'Temporal is away',
  'host reboots',
  'host is cut off',
  'cancel',
  'abort',
  'terminate',
  'terminate',
  'time out',
  'terminate guard',
  'reset',
  'an operator',
];

const failures: readonly FailureType[] = [
  'Unavailable',
  'Unavailable',
  'ResourceFailed',
  'AuthDenied',
  'UnknownOutcome',
];

/**
 * Faults for a scenario: mostly two or three, some at the same moment.
 *
 * @param actions activities of an undisturbed run in their order
 */
export function drawFaults(random: Random, actions: readonly string[], runs: number): Fault[] {
  const count = random.integer(0, 4, 'faults');
  const faults: Fault[] = [];
  for (let index = 0; index < count; index++) {
    const before = faults[index - 1];
    const at = before && random.share('same moment', index) < 0.3 ? before.at : drawMoment(random, actions, index);
    faults.push({ at, ...drawKind(random, index, runs) } as Fault);
  }
  // Nobody is left to look after what lands late.
  return faults.some(({ kind }) => kind === 'terminate guard')
    ? faults.filter(({ kind }) => !['act late', 'hang', 'worker dies', 'terminate', 'time out', 'reset'].includes(kind))
    : faults;
}

function drawMoment(random: Random, actions: readonly string[], index: number): Moment {
  return {
    action: random.pick(actions, 'action', index),
    nth: random.share('nth', index) < 0.8 ? 1 : random.integer(2, 3, 'which', index),
    phase: random.pick(['started', 'acted', 'answered'] as const, 'phase', index),
  };
}

function drawKind(random: Random, index: number, runs: number): object {
  const kind = random.pick(kinds, 'kind', index);
  const share = random.share('share', index);
  const run = random.integer(0, runs - 1, 'run', index);
  const forMs = random.duration(500, random.share('long', index) < 0.2 ? 3_600_000 : 60_000, 'for', index);
  switch (kind) {
    case 'fail':
      return { kind, type: random.pick(failures, 'type', index), times: random.pick([1, 1, 2, 4, 8], 'times', index) };
    case 'act late':
      return { kind, share, silent: random.share('silent', index) < 0.5 };
    case 'worker dies':
      return { kind, worker: random.pick(['runbooks', 'guard', 'both'] as const, 'worker', index), forMs };
    case 'Temporal is away':
      return { kind, forMs: Math.min(forMs, 120_000) };
    case 'host reboots':
    case 'host is cut off':
      return { kind, host: random.pick(['backup', 'db1', 'cloud'], 'host', index), forMs };
    case 'reset':
      return { kind, run, share };
    case 'an operator':
      return {
        kind,
        does: random.pick(
          ['start database', 'stop database', 'production up', 'production down', 'stop server'],
          'does',
          index,
        ),
        forMs,
      };
    case 'lose the answer':
    case 'act twice':
    case 'hang':
      return { kind };
    case 'cancel':
    case 'abort':
    case 'terminate':
    case 'time out':
    case 'terminate guard':
      return { kind, run };
  }
}

/** A fault in words. */
export function faultText({ at, ...fault }: Fault): string {
  const { kind, ...more } = fault;
  const details = Object.entries(more).map(([key, value]) => `${key} ${String(value)}`);
  return `${kind}${details.length > 0 ? ` (${details.join(', ')})` : ''} when attempt ${at.nth} at ${at.action} has ${at.phase}`;
}

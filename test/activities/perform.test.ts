import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { failureTypeOf } from '../../activities/failures';
import { type ActionContext, type Implementations } from '../../activities/implementation';
import { type HeartbeatDetails, perform } from '../../activities/perform';
import { type Call } from '../../workflows/contract/calls';
import { contextFor } from './copy/local-hosts';

const guardId = 'guard/daily-backup/lab/1';
const runId = contextFor().call.runId;
const host = { name: 'backup', address: '127.0.0.1', jobs: { directory: '.runbook/jobs', keepDays: 14 } };
const workplace = { host, directory: '/backup/.work' };
/** An input of each, for it is parsed before anything else. */
const inputs = {
  readWorkplace: { workplace },
  makeWorkplace: { workplace },
  copyStore: {
    pull: {
      name: 'daily-backup',
      workplace,
      database: {
        host: { ...host, name: 'db1' },
        stopSeconds: 60,
        spec: {
          engine: 'cockroach',
          host: 'db1',
          store: '/bfdata',
          listen: ':26257',
          http: ':8080',
          database: 'bookface',
          tables: ['users'],
          startFlags: [],
        },
      },
    },
  },
};

/** A server that knows this guard, or none. */
function serverWith(guard: { status: string; memo: object } | null): Client {
  const describe = async () => {
    if (!guard) throw new WorkflowNotFoundError('none', guardId, undefined);
    return { status: { name: guard.status }, memo: guard.memo };
  };
  return { workflow: { getHandle: () => ({ describe }) } } as unknown as Client;
}

/** The activity of one action, whose code is `carry`. */
function activity(
  action: keyof typeof inputs,
  carry: (context: ActionContext) => Promise<unknown>,
  client = serverWith(null),
) {
  const implementations = {
    [action]: { do: (_input: unknown, context: ActionContext) => carry(context) },
  } as unknown as Implementations;
  return perform(action, implementations, { client, tell: async () => undefined });
}

const logger = new DefaultLogger('ERROR');
const environmentOf = () => new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }, { logger });

function callGuardedFor(purpose: 'change' | 'close'): Call {
  return { ...contextFor().call, guard: { workflowId: guardId, for: purpose } };
}

describe('a change inside a bracket', () => {
  const standing = { ownerRunId: runId, tookOver: false };
  /** Whether the change was carried out, and what was thrown if not. */
  async function attempt(guard: Parameters<typeof serverWith>[0], purpose: 'change' | 'close') {
    let carried = false;
    const carry = async () => ({ changed: (carried = true) });
    const error: unknown = await environmentOf()
      .run(activity('makeWorkplace', carry, serverWith(guard)), inputs.makeWorkplace, callGuardedFor(purpose))
      .then(
        () => null,
        (thrown: unknown) => thrown,
      );
    return { carried, type: error && failureTypeOf(error) };
  }
  const done = { carried: true, type: null };
  const refused = { carried: false, type: 'PreconditionFailed' };

  test.each([
    ['its guard stands behind it', { status: 'RUNNING', memo: standing }, done, done],
    ['there is no guard', null, refused, done],
    ['its guard has ended', { status: 'COMPLETED', memo: standing }, refused, done],
    ['its guard has taken over', { status: 'RUNNING', memo: { ...standing, tookOver: true } }, refused, refused],
    ['its run was reset', { status: 'RUNNING', memo: { ...standing, ownerRunId: 'earlier' } }, refused, refused],
  ])('where %s', async (_where, guard, change, close) => {
    expect(await attempt(guard, 'change')).toEqual(change);
    expect(await attempt(guard, 'close')).toEqual(close);
  });
});

test('a cancelled run lets go of a read and of a job, but a change that has begun is finished', async () => {
  const aborted: Record<string, boolean> = {};
  for (const action of ['readWorkplace', 'makeWorkplace', 'copyStore'] as const) {
    const environment = environmentOf();
    const carry = async ({ signal }: ActionContext) => {
      environment.cancel();
      aborted[action] = signal.aborted;
      throw new Error('seen enough');
    };
    await environment.run(activity(action, carry), inputs[action], contextFor().call).catch(() => undefined);
  }
  expect(aborted).toEqual({ readWorkplace: true, makeWorkplace: false, copyStore: true });
});

test('the heartbeat tells the next attempt that the job was started, whatever is told besides', async () => {
  const environment = environmentOf();
  const beats: HeartbeatDetails[] = [];
  environment.on('heartbeat', (details: HeartbeatDetails) => beats.push(details));
  let reported = () => {};
  const carry = async (context: ActionContext) => {
    context.markJobStarted();
    context.progress({ done: 1, unit: 'items' });
    // The next heartbeat by the clock.
    await new Promise<void>((resolve) => (reported = resolve));
    return { changed: true };
  };
  environment.on('heartbeat', (details: HeartbeatDetails) => details.progress && reported());
  await environment.run(activity('makeWorkplace', carry), inputs.makeWorkplace, contextFor().call);
  expect(beats).toEqual([{ jobStarted: true }, { jobStarted: true, progress: { done: 1, unit: 'items' } }]);
});

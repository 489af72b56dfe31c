import { type Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { fail, failureTypeOf } from '../../activities/failures';
import { type ActionContext, type Implementations } from '../../activities/implementation';
import { type HeartbeatDetails } from '../../activities/perform';
import { performEach } from '../../activities/perform-each';
import { Slots } from '../../activities/ssh/slots';
import { looks, type Outcome, slices } from '../../workflows/contract/each';
import { type HostRef } from '../../workflows/contract/site';
import { contextFor, until } from './copy/local-hosts';

const jobs = { directory: '.runbook/jobs', keepDays: 14 };
const inputsFor = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ host: { name: `h${index}`, address: '192.0.2.1', jobs } }));
const good = { bootId: 'b', uptimeSeconds: 1, load: 0, freeBytes: 1 };
/** A failure that is tried again at once. */
const away = () => fail('Unavailable', 'no connection', { retryAfterMs: 1 });

const untilAborted = (signal: AbortSignal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

const logger = new DefaultLogger('ERROR');
const environmentOf = (heartbeatDetails?: HeartbeatDetails) =>
  new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000, heartbeatDetails }, { logger });

/** An activity whose code is `look`, and how often each host was looked at. */
function activity(look: (host: string, context: ActionContext) => Promise<unknown>, places = new Slots(64)) {
  const asked: Record<string, number> = {};
  const implementations = {
    readHost: {
      do: ({ host: { name } }: { host: HostRef }, context: ActionContext) => {
        asked[name] = (asked[name] ?? 0) + 1;
        return look(name, context);
      },
    },
  } as unknown as Implementations;
  const client = {} as unknown as Client;
  return { asked, carry: performEach('readHost', implementations, { client, tell: async () => undefined }, places) };
}

const run = (
  environment: MockActivityEnvironment,
  carry: ReturnType<typeof performEach>,
  inputs: readonly unknown[],
): Promise<readonly Outcome[]> => environment.run(carry, inputs, contextFor().call);

test('what fails for a while is tried again a few times, what fails for good is not, and the others do not notice', async () => {
  const { asked, carry } = activity(async (host) => {
    if (host === 'h1') throw away();
    if (host === 'h2') throw fail('HostKeyMismatch', 'another key');
    if (host === 'h3' && (asked['h3'] ?? 0) < 2) throw away();
    if (host === 'h4') throw new TypeError('a mistake');
    return host === 'h5' ? { bootId: 7 } : good;
  });
  const outcomes = await run(environmentOf(), carry, [...inputsFor(7), { host: { name: 'no address' } }]);
  expect(outcomes.map(({ output, failure }) => (output ? 'output' : failure?.type))).toEqual([
    'output',
    'Unavailable',
    'HostKeyMismatch',
    'output',
    'UnknownOutcome',
    'UnknownOutcome',
    'output',
    'InvalidInput',
  ]);
  expect(outcomes[2]).toEqual({ failure: { type: 'HostKeyMismatch', message: 'another key' } });
  expect(asked).toEqual({ h0: 1, h1: looks.attempts, h2: 1, h3: 2, h4: 1, h5: 1, h6: 1 });
});

test('an answer or a message that is too long for a slice does not get into it', async () => {
  const { carry } = activity(async (host) => {
    if (host === 'h0') throw fail('ResourceFailed', 'x'.repeat(10_000));
    return { ...good, bootId: 'x'.repeat(slices.mostOutputBytes) };
  });
  const [failed, long] = await run(environmentOf(), carry, inputsFor(2));
  expect(failed?.failure?.message).toHaveLength(slices.mostMessage);
  expect(long?.failure).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringMatching(/^the answer has/) as string,
  });
});

test('the next attempt goes on where the heartbeat of a worker that has died leaves it', async () => {
  const environment = environmentOf();
  let said: HeartbeatDetails = {};
  environment.on('heartbeat', (details: HeartbeatDetails) => (said = details));
  const first = activity(async (host, { signal }) => {
    if (host !== 'h2') return { ...good, bootId: `first ${host}` };
    return await untilAborted(signal);
  });
  const dying = run(environment, first.carry, inputsFor(4)).catch(() => undefined);
  await until(() => said.looked?.length === 3);
  expect(said.progress).toEqual({ done: 3, total: 4, unit: 'items' });
  environment.cancel();
  await dying;

  const second = activity(async () => good);
  const outcomes = await run(
    environmentOf(JSON.parse(JSON.stringify(said)) as HeartbeatDetails),
    second.carry,
    inputsFor(4),
  );
  expect(second.asked).toEqual({ h2: 1 });
  expect(outcomes.map(({ output }) => (output as typeof good).bootId)).toEqual([
    'first h0',
    'first h1',
    'b',
    'first h3',
  ]);
});

test('the heartbeat stays small: what does not fit is looked at again', async () => {
  const environment = environmentOf();
  let said: HeartbeatDetails = {};
  environment.on('heartbeat', (details: HeartbeatDetails) => (said = details));
  const { carry } = activity(async (host, { signal }) => {
    if (host !== 'h49') return { ...good, bootId: 'x'.repeat(4000) };
    return await untilAborted(signal);
  });
  const dying = run(environment, carry, inputsFor(50)).catch(() => undefined);
  await until(() => said.progress?.done === 49);
  environment.cancel();
  await dying;
  expect(said.looked?.length).toBeGreaterThan(10);
  expect(JSON.stringify(said).length).toBeLessThan(70_000);
});

test('a worker looks at a limited number of hosts at a time, whatever slices they are of', async () => {
  let [now, most] = [0, 0];
  const { carry, asked } = activity(async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return good;
  }, new Slots(5));
  await Promise.all([0, 1].map(() => run(environmentOf(), carry, inputsFor(20))));
  expect(most).toBe(5);
  expect(asked['h19']).toBe(2);
});

test('a cancelled run lets go of all of them', async () => {
  const environment = environmentOf();
  let begun = 0;
  const { carry } = activity((_host, { signal }) => {
    begun += 1;
    return untilAborted(signal);
  }, new Slots(5));
  const running = run(environment, carry, inputsFor(20)).catch((error: Error) => error.name);
  await until(() => begun === 5);
  environment.cancel();
  expect(await running).toBe('CancelledFailure');
  expect(begun).toBe(5);
});

test('a run that was reset looks at nothing', async () => {
  const { asked, carry } = activity(async () => good);
  const call = { ...contextFor().call, fence: { number: 1, resources: ['site'], scope: 'lab', run: 'earlier' } };
  const error: unknown = await environmentOf()
    .run(carry, inputsFor(2), call)
    .catch((thrown: unknown) => thrown);
  expect(failureTypeOf(error)).toBe('PreconditionFailed');
  expect(asked).toEqual({});
});

import { type WorkflowHandle } from '@temporalio/client';
import { messages, type RunProgress } from '../../workflows/contract/messages';
import { type Plan } from '../../workflows/contract/plan';
import { type RunbookResult } from '../../workflows/contract/runbooks';
import { siteDocument } from '../../workflows/contract/site';
import { type HeartbeatDetails } from '../../activities/perform';
import { FakeSite, fakeDocument, gate } from '../support/fake-site';
import { failureOf, SiteRuns } from '../support/site-runs';
import { type SiteWorker, startSiteWorker } from '../support/site-worker';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';

let temporal: TemporalServer;
let site: FakeSite;
let worker: SiteWorker;
/** How often each host was looked at. */
let asked: Record<string, number>;
const runs = new SiteRuns(() => temporal.client);

const startWorker = (workflows?: string) =>
  startSiteWorker(temporal.address, temporal.client, () => site, undefined, workflows);

beforeAll(async () => {
  temporal = await startTemporal();
}, 60_000);
afterAll(() => temporal.close());
beforeEach(async () => {
  site = new FakeSite();
  site.server = 'ACTIVE';
  asked = {};
  const answer = site.perform.bind(site);
  site.perform = (action, input, call) => {
    const { host } = input as { host?: { name: string } };
    if (action === 'readHost' && host) asked[host.name] = (asked[host.name] ?? 0) + 1;
    return answer(action, input, call);
  };
  worker = await startWorker();
}, 60_000);
afterEach(async () => {
  await runs.terminateAll();
  await worker.stop();
});

const start = (input: object = {}) => runs.start('hosts', input);

/** Besides the four hosts of the site. */
function withHosts(count: number): void {
  const more = Array.from({ length: count }, (_, index) => [`h${index}`, { address: '192.0.2.7' }] as const);
  site.document = siteDocument.parse({
    ...fakeDocument,
    hosts: { ...fakeDocument.hosts, ...Object.fromEntries(more) },
  });
}

async function activitiesOf(run: WorkflowHandle): Promise<readonly string[]> {
  const { events } = await run.fetchHistory();
  return (events ?? []).flatMap(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? [],
  );
}

test('many hosts are looked at in slices, in one line; one that is down is a finding', async () => {
  withHosts(216);
  site.unreachable.add('h107');
  const run = await start();
  const { answer, failed, hosts } = (await run.result()) as RunbookResult<'hosts'>;
  expect(answer).toBe('219 of 220 hosts answer');
  expect(failed).toEqual([{ name: 'h107', why: 'Unavailable: no connection to h107' }]);
  expect(hosts.map(({ name }) => name)).toEqual(Object.keys(site.document.hosts).filter((name) => name !== 'h107'));
  expect(hosts.every(({ name, bootId }) => name === bootId)).toBe(true);
  expect((await activitiesOf(run)).filter((type) => type === 'readHostEach')).toHaveLength(3);
  const { steps } = await run.query<RunProgress>(messages.progress);
  expect(steps).toMatchObject([{ title: 'Look at 220 hosts', state: 'done' }]);
  const { currentDetails } = await run.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain('✔ Look at 220 hosts — 1 of 220 failed');
}, 60_000);

test('those that are named are looked at, and a name that is no host ends the run', async () => {
  const { answer, hosts } = (await (await start({ only: ['backup', 'db1'] })).result()) as RunbookResult<'hosts'>;
  expect([answer, hosts.map(({ name }) => name)]).toEqual(['2 of 2 hosts answer', ['db1', 'backup']]);
  expect(await failureOf(await start({ only: ['db1', 'toString'] }))).toMatchObject({
    type: 'InvalidInput',
    message: 'only: there is no host toString in fake; there are: balancer, www3, db1, backup',
  });
}, 60_000);

test('when the worker goes away in the midst, the next one looks at what is left', async () => {
  withHosts(40);
  const last = gate();
  site.before.set('readHost', async (context) => {
    if (context.call.title === 'Look at h39') await last.fault(context);
  });
  const run = await start();
  await last.reached;
  await until('the server knows what is done', async () => {
    const [pending] = (await run.describe()).raw.pendingActivities ?? [];
    const data = pending?.heartbeatDetails?.payloads?.[0]?.data;
    return data && (JSON.parse(Buffer.from(data).toString()) as HeartbeatDetails).looked?.length === 43;
  });
  await worker.stop();
  last.open();
  worker = await startWorker();
  expect(await run.result()).toMatchObject({ answer: '44 of 44 hosts answer' });
  expect(Object.values(asked)).toEqual(Array.from({ length: 44 }, () => 1));
}, 60_000);

test('a run that is cancelled lets go of its slices', async () => {
  withHosts(120);
  const all = gate();
  site.before.set('readHost', all.fault);
  const run = await start();
  await all.reached;
  await run.cancel();
  await expect(run.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  expect(asked).toEqual({});
}, 60_000);

test('a plan looks too, and has the digest of the run', async () => {
  const { plan } = (await (await start({ dryRun: true })).result()) as { plan: Plan };
  expect(plan.steps).toEqual([
    {
      title: 'Look at 4 hosts',
      action: 'readHost',
      effect: 'read',
      target: 'host/balancer and 3 more',
      command: null,
      now: null,
      changes: false,
    },
  ]);
  const run = await start();
  await run.result();
  expect((await run.describe()).memo).toMatchObject({ planDigest: plan.digest });
}, 60_000);

test('a plan does not look at what it has only planned to start', async () => {
  await worker.stop();
  worker = await startWorker(require.resolve('./fixture/looking'));
  site.server = 'SHUTOFF';
  const run = await runs.start('startsAndLooks', { dryRun: true });
  const { plan } = (await run.result()) as { plan: Plan };
  expect(plan.steps.map(({ title, now }) => [title, now])).toEqual([
    ['Start server backup until it answers SSH', null],
    ['Look at both', null],
  ]);
  expect(asked).toMatchObject({ db1: 1 });
  expect((await activitiesOf(run)).slice(-2)).toEqual(['readHostEach', 'describeAction']);
}, 60_000);

import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type Asked } from '../../workflows/contract/approvals';
import { type LockState, messages, type RunProgress } from '../../workflows/contract/messages';
import { type Plan } from '../../workflows/contract/plan';
import { type RunReport } from '../../cli/report/report';
import { runbookCommand } from '../cli/fixture/command';
import { FakeSite, fakeDocument, gate } from '../support/fake-site';
import { type SiteWorker, startSiteWorker } from '../support/site-worker';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';

let temporal: TemporalServer;
let site: FakeSite;
let worker: SiteWorker;
let env: NodeJS.ProcessEnv;
let runs = 0;

const startWorker = () =>
  startSiteWorker(temporal.address, temporal.client, () => site, undefined, require.resolve('./fixture/asking'));

beforeAll(async () => {
  temporal = await startTemporal();
  env = { TEMPORAL_ADDRESS: temporal.address, USER: 'ann' };
}, 60_000);
afterAll(() => temporal.close());
beforeEach(async () => {
  site = new FakeSite();
  worker = await startWorker();
}, 60_000);
afterEach(() => worker.stop());

async function start(workflow: string, input: object = {}): Promise<WorkflowHandle> {
  runs += 1;
  return await temporal.client.workflow.start(workflow, {
    workflowId: `${workflow}/fake/${runs}`,
    taskQueue: 'runbooks',
    args: [{ action: 'status', ...input }],
  });
}

/** Waits for the run's question. */
async function asked(run: WorkflowHandle, question = 'Give up today?'): Promise<Asked> {
  return await until(`it asks ${question}`, async () => {
    const { asked } = await run.query<RunProgress>(messages.progress);
    const last = asked.at(-1);
    return last?.question === question && last.answer === null && last;
  });
}

const decide = (run: WorkflowHandle, update: 'approve' | 'reject', decision: object) =>
  run.executeUpdate<Asked, [object]>(update, { args: [decision] });

async function failureOf(promise: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  const cause = error instanceof Error ? error.cause : error;
  if (!(cause instanceof ApplicationFailure)) throw error;
  return cause;
}

const noteOf = async (run: WorkflowHandle) => JSON.parse(((await run.result()) as { note: string }).note) as object;
const kinds = () => site.messages.map(({ kind }) => kind);

async function lockNote(): Promise<string | undefined> {
  const [state] = await temporal.client.workflow.getHandle('lock/fake').query<LockState[]>(messages.locks);
  return state?.note;
}

test('a run waits for a yes, everybody can see that it does, and goes on with who said it and why', async () => {
  const run = await start('asks');
  const question = await asked(run);
  expect(question).toMatchObject({ details: ['**8 h** of posts', '12 users'] });
  expect(Date.parse(question.expiresAt) - Date.parse(question.askedAt)).toBe(3_600_000);
  await until('the lock says so', async () => (await lockNote()) === 'waits for a person');
  expect((await runbookCommand(env, 'locks')).stdout).toMatch(/held by asks\/.*, waits for a person/);
  const { searchAttributes, memo } = await run.describe();
  expect(searchAttributes.RunbookPhase).toEqual(['waits for a person']);
  expect(memo).toMatchObject({ asked: [question] });
  const { currentDetails } = await run.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain('Ask: Give up today?');
  expect(currentDetails).toContain('- **8 h** of posts');
  expect(currentDetails).toContain(`runbook approve ${run.workflowId}`);
  await until('people are told', async () => kinds().includes('asked'));
  expect(site.messages.find(({ kind }) => kind === 'asked')?.text).toContain(`runbook approve ${run.workflowId}`);

  await decide(run, 'approve', { who: 'kari', why: 'the new one is fine' });
  expect(await noteOf(run)).toMatchObject({ answer: 'approved', who: 'kari', why: 'the new one is fine' });
  expect(site.messages.find(({ kind }) => kind === 'answered')?.text).toBe(
    'Give up today? approved by kari: the new one is fine',
  );
  expect((await run.query<RunProgress>(messages.progress)).steps.at(-1)).toMatchObject({ state: 'done' });
}, 60_000);

test('a no ends the run as failed, with who said it, why, and that nothing was changed', async () => {
  const run = await start('asks');
  await asked(run);
  await decide(run, 'reject', { who: 'olav', why: 'wrong night' });
  const failure = await failureOf(run.result());
  expect(failure.type).toBe('PreconditionFailed');
  expect(failure.message).toBe('Ask: Give up today? rejected by olav: wrong night; nothing was changed');
  const { stdout, exitCode } = await runbookCommand(env, 'report', run.workflowId);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(
    /asked +Give up today\?\n +\*\*8 h\*\* of posts\n +12 users\n +rejected by olav: wrong night, \S/,
  );
}, 60_000);

test('no answer in time means no', async () => {
  const run = await start('asksBriefly');
  const failure = await failureOf(run.result());
  expect(failure.type).toBe('PreconditionFailed');
  expect(failure.message).toMatch(/nobody answered in time, which means no; nothing was changed/);
  expect(kinds()).toEqual(expect.arrayContaining(['asked', 'answered', 'failed']));
  const { events } = await run.fetchHistory();
  const timers = events?.filter((event) => event.timerStartedEventAttributes);
  expect(Buffer.from(timers?.at(-1)?.userMetadata?.summary?.data ?? []).toString()).toContain('Give up today?');
}, 60_000);

test('a yes that arrives when the time is over, while no worker was there, is too late', async () => {
  const run = await start('asksBriefly');
  const { expiresAt } = await asked(run);
  await worker.stop();
  const late = decide(run, 'approve', { who: 'kari' });
  await until('the time is over', async () => Date.now() > Date.parse(expiresAt));
  worker = await startWorker();
  await expect(late).rejects.toThrow();
  expect((await failureOf(run.result())).message).toMatch(/nobody answered in time/);
}, 60_000);

test('whoever starts the run may answer beforehand; then nobody is asked', async () => {
  const run = await start('asksNobody');
  expect(await noteOf(run)).toMatchObject({ answer: 'waived', why: 'rehearsed this morning' });
  expect(kinds()).not.toContain('asked');
  expect((await runbookCommand(env, 'report', run.workflowId)).stdout).toContain('waived: rehearsed this morning');
}, 60_000);

test('an answer without a question, without a name, without a reason for a no, or to an answered one is refused', async () => {
  const twice = await start('asksTwice');
  await asked(twice);
  expect((await failureOf(decide(twice, 'approve', {}))).message).toMatch(/who/);
  expect((await failureOf(decide(twice, 'approve', { who: ' ' }))).message).toMatch(/who/);
  expect((await failureOf(decide(twice, 'reject', { who: 'olav' }))).message).toMatch(/why/);
  // Two people have read the first question; the second of them has not read the next one.
  const decision = { who: 'kari', question: 'Give up today?' };
  const answers = await Promise.allSettled([decide(twice, 'approve', decision), decide(twice, 'approve', decision)]);
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await asked(twice, 'Sure?');
  expect((await failureOf(decide(twice, 'approve', decision))).message).toMatch(
    /another question is asked by now: Sure\?/,
  );
  await decide(twice, 'approve', { who: 'kari' });
  await twice.result();

  const moving = gate();
  site.before.set('takeProductionDown', moving.fault);
  const silent = await start('asksWhileDown');
  await moving.reached;
  expect((await failureOf(decide(silent, 'approve', { who: 'kari' }))).message).toMatch(/asks nothing/);
  moving.open();
  await asked(silent);
  await decide(silent, 'approve', { who: 'kari' });
  await silent.result();
}, 60_000);

test('a run that is aborted while it waits ends at once and frees the lock', async () => {
  const run = await start('asks');
  await asked(run);
  await run.executeUpdate(messages.abort, { args: [{ who: 'olav', why: 'wrong night' }] });
  await expect(run.result()).rejects.toThrow(WorkflowFailedError);
  expect((await run.describe()).status.name).toBe('CANCELLED');
  expect((await run.query<RunProgress>(messages.progress)).asked).toMatchObject([{ answer: { answer: 'withdrawn' } }]);
  const next = await start('asks');
  await asked(next);
  await until('the lock says so', async () => (await lockNote()) === 'waits for a person');
  await decide(next, 'approve', { who: 'kari' });
  await next.result();
}, 60_000);

test('when the guard takes over, the question is withdrawn and what was open is closed', async () => {
  site.document = { ...fakeDocument, limits: { ...fakeDocument.limits, maxDowntimeSeconds: 2 } };
  const run = await start('asksWhileDown');
  await asked(run);
  expect((await failureOf(run.result())).message).toMatch(/guard/);
  expect(site.production).toBe('production');
  expect(kinds()).not.toContain('answered');
}, 60_000);

test('a no while something is open closes it, and does not say that nothing was changed', async () => {
  const run = await start('asksWhileDown');
  await asked(run);
  await decide(run, 'reject', { who: 'olav', why: 'wrong night' });
  expect((await failureOf(run.result())).message).toMatch(/what this run has opened is closed again$/);
  expect(site.changes).toEqual(['production down', 'production up']);
}, 60_000);

test('a plan says what would be asked, and asks nobody', async () => {
  const { plan } = (await (await start('asks', { dryRun: true })).result()) as { plan: Plan };
  expect(plan.steps).toMatchObject([{ action: 'ask', title: 'Ask: Give up today?', changes: false }]);
  expect(site.messages).toEqual([]);
  const run = await start('asks');
  await asked(run);
  await decide(run, 'approve', { who: 'kari' });
  await run.result();
  expect((await run.describe()).memo).toMatchObject({ planDigest: plan.digest });
}, 60_000);

test('approve and reject answer from the command line; watch shows the question and how to answer', async () => {
  const run = await start('asks');
  await asked(run);
  const watching = runbookCommand(env, 'watch', run.workflowId, '--json');
  const approved = await runbookCommand(env, 'approve', run.workflowId, '--why', 'rehearsed');
  expect(approved.exitCode).toBe(0);
  expect(approved.stdout).toMatch(/^Give up today\? approved by ann@.*: rehearsed\n/);
  const watched = await watching;
  expect((watched.documents[0] as RunReport).asked).toMatchObject([
    { answer: { answer: 'approved', why: 'rehearsed' } },
  ]);
  const late = await runbookCommand(env, 'reject', run.workflowId, '--why', 'no');
  expect(late).toMatchObject({ exitCode: 1 });

  const other = await start('asks');
  await asked(other);
  const following = runbookCommand(env, 'watch', other.workflowId);
  const rejected = await runbookCommand(env, 'reject', other.workflowId, '--why', 'no', '--who', 'olav', '--json');
  expect(rejected.documents).toMatchObject([{ workflowId: other.workflowId, answer: { who: 'olav', why: 'no' } }]);
  expect((await following).exitCode).toBe(1);
  expect((await runbookCommand(env, 'reject', other.workflowId)).exitCode).toBe(2);
}, 60_000);

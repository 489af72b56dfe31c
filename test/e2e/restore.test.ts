import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client } from '@temporalio/client';
import { type CatalogueEntry } from '../../workflows/contract/actions/archives';
import { type RunbookResult } from '../../workflows/contract/runbooks';
import { expectLost } from '../support/expect-lost';
import { LabSite, type Report, type WorkerProcess } from '../support/lab-site';
import { sweepTest } from '../support/sweep';
import { until } from '../support/temporal-server';

const lab = new LabSite({ RUNBOOK_FILES: runbookFiles() });
let client: Client;
let worker: WorkerProcess;
/** The report of the backup that is restored. */
let backup: Report;

beforeAll(async () => {
  await lab.up();
  worker = await lab.worker();
  client = await lab.client();
  backup = await lab.backup();
  expect(backup.status).toBe('completed');
}, 400_000);
afterAll(() => lab.down(), 60_000);
afterEach(() => lab.succeed('lab', 'fault', 'clear'), 60_000);

/** The drill's schedule as the repository declares it, and none that would fire in the middle of a test. */
function runbookFiles(): string {
  const directory = mkdtempSync(join(tmpdir(), 'runbooks-'));
  copyFileSync(join('runbooks', 'restore-drill.yaml'), join(directory, 'restore-drill.yaml'));
  return directory;
}

const waived = ['--set', 'approval.waived=rehearsed in a test'];
const rowsOf = ({ result }: Report) => (result as { rows?: Record<string, number> } | null)?.rows;

async function startRestore(...words: readonly string[]): Promise<string> {
  return (await lab.json<{ workflowId: string }>('run', 'restore', '--detach', ...words)).workflowId;
}

/** The visitor writes on; what it wrote since the backup is there, or nothing of it. */
async function expectServes(): Promise<Awaited<ReturnType<LabSite['status']>>> {
  const status = await lab.status();
  expect(status).toMatchObject({
    serving: 'production',
    database: { running: true },
    servers: { backup: { status: 'SHUTOFF' } },
  });
  return status;
}

test('a damaged database is restored once a person has agreed, and the damaged data is kept aside', async () => {
  await lab.succeed('lab', 'fault', 'damage', 'db1');
  const run = await startRestore();
  const question = await until(
    'it asks',
    async () => {
      const { asked } = await lab.json<{ asked?: { question: string }[] }>('report', run);
      return asked?.[0];
    },
    90,
  );
  expect(question.question).toMatch(/in the place of the present data of lab/);
  expect(JSON.stringify(await lab.json('locks'))).toMatch(/waits for a person/);
  await lab.succeed('approve', run, '--why', 'the data is damaged');

  const report = await lab.ended(run, 180);
  expect(report).toMatchObject({ status: 'completed', failure: null });
  const result = report.result as unknown as RunbookResult<'restore'>;
  expect(result).toMatchObject({ backup: backup.result?.archive, rows: rowsOf(backup), applicationAnswered: true });
  expect(result.approved).toMatch(/^approved by /);
  const status = await expectServes();
  expect(status.database.rows['posts']).toBeGreaterThanOrEqual(rowsOf(backup)?.['posts'] ?? Infinity);

  const kept = await lab.json<CatalogueEntry[]>('backups', 'lab');
  expect(kept).toContainEqual(
    expect.objectContaining({ kind: 'aside', name: result.movedAside, keptUntil: result.keptUntil }),
  );
}, 240_000);

sweepTest(
  'what was written since the backup is what is lost, and the undo brings it back',
  async () => {
    const before = await lab.status();
    const report = await lab.restore();
    expect(report).toMatchObject({ status: 'completed' });
    const { lost, rows, movedAside } = report.result as unknown as RunbookResult<'restore'>;
    const gone = (lost?.rowsBefore?.['posts'] ?? 0) - (rows?.['posts'] ?? 0);
    expect(gone).toBeGreaterThan(0);
    const after = await expectServes();
    expectLost(after.visitor.writesLost - before.visitor.writesLost, gone);

    const undone = await lab.restore('--set', `backup=aside:${movedAside}`);
    expect(undone).toMatchObject({ status: 'completed', result: { backup: movedAside } });
    expect(rowsOf(undone)).toEqual(lost?.rowsBefore);
    // What was lost is there again; what was written meanwhile is gone instead, and is kept aside.
    await expectServes();
  },
  240_000,
);

sweepTest(
  'a rejected restore has touched nothing, and its failure says who and why',
  async () => {
    const outages = (await lab.status()).visitor.outages.length;
    const run = await startRestore();
    await until('it asks', async () => /waits for a person/.test(JSON.stringify(await lab.json('locks'))), 90);
    await lab.succeed('reject', run, '--why', 'the data is fine');
    const report = await lab.ended(run);
    expect(report).toMatchObject({ status: 'failed', failure: { type: 'PreconditionFailed' } });
    expect(report.failure?.message).toMatch(/the data is fine/);
    expect((await expectServes()).visitor.outages).toHaveLength(outages);
  },
  120_000,
);

sweepTest.each([
  ['fetchStore', 'the copy to the database host'],
  ['swapStore', 'the swap'],
  ['startDatabase', 'the start on the new data'],
])(
  'a restore terminated at %s (%s) serves the old data again',
  async (action) => {
    const before = await lab.status();
    const run = await startRestore(...waived);
    await lab.reaches(client, run, action, 120);
    await client.workflow.getHandle(run).terminate('test');
    await client.workflow.getHandle(`guard/${run}`).result();
    const after = await expectServes();
    expect(after.visitor.writesLost).toBe(before.visitor.writesLost);
  },
  240_000,
);

sweepTest(
  'a worker killed while it swaps leaves the next one to go on',
  async () => {
    const run = await startRestore(...waived);
    await lab.reaches(client, run, ['swapStore', 'startDatabase'], 120);
    await worker.kill('SIGKILL');
    worker = await lab.worker();
    expect(await lab.ended(run, 180)).toMatchObject({ status: 'completed' });
    await expectServes();
  },
  240_000,
);

test('a drill by its schedule measures how long a restore takes and what it would lose, and both are in the catalogue', async () => {
  await lab.succeed('schedules', 'apply');
  const { run } = await lab.json<{ run: string }>('schedules', 'trigger', 'restore-drill/lab');
  expect(run).toMatch(/^restore-drill\/lab-/);
  const report = await lab.ended(run, 120);
  expect(report).toMatchObject({ status: 'completed', result: { backup: backup.result?.archive } });
  const { rtoMs, rpoMs } = report.result as unknown as RunbookResult<'restore-drill'>;
  expect(rtoMs).toBeGreaterThan(0);
  expect(rpoMs).toBeGreaterThan(0);
  const kept = await lab.json<CatalogueEntry[]>('backups', 'lab');
  const entry = kept.find(({ name }) => name === backup.result?.archive);
  expect(entry?.drills).toEqual([expect.objectContaining({ ok: true, rtoMs, rpoMs, run: report.workflowId })]);
}, 180_000);

sweepTest(
  'a corrupt archive is refused before production is touched, and a drill distrusts it',
  async () => {
    const made = await lab.backup('--set', 'keep=50');
    const outages = (await lab.status()).visitor.outages.length;
    const archive = made.result?.archive ?? '';
    await lab.succeed('lab', 'fault', 'corrupt', archive);
    const report = await lab.restore();
    expect(report).toMatchObject({ status: 'failed', failure: { type: 'ResourceFailed' } });
    expect(report.failure?.message).toMatch(/is damaged: its SHA-256/);
    expect(await lab.drill()).toMatchObject({ status: 'failed' });
    const kept = await lab.json<CatalogueEntry[]>('backups', 'lab');
    expect(kept.find(({ name }) => name === archive)).toMatchObject({ verified: false });
    expect((await expectServes()).visitor.outages).toHaveLength(outages);
  },
  240_000,
);

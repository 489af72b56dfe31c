import { type RunbookResult } from '../../workflows/contract/runbooks';
import { until } from '../support/temporal-server';
import { expectLost } from '../support/expect-lost';
import { LabSite, type Report } from '../support/lab-site';
import { sweepTest } from '../support/sweep';

const lab = new LabSite();
beforeAll(async () => {
  await lab.succeed('lab', 'up', '--database', 'postgres');
  await lab.worker();
}, 240_000);
afterAll(() => lab.down(), 60_000);

sweepTest(
  'the same daily backup backs up a real PostgreSQL, after a power cut, and when it does not start again at first',
  async () => {
    expect((await lab.status()).database).toMatchObject({ engine: 'postgres', standIn: false, running: true });
    expect((await lab.run('lab', 'up', '--database', 'cockroach')).exitCode).toBe(2);

    const first = await lab.backup();
    expect(first).toMatchObject({ status: 'completed', guard: { restored: [] } });
    expect(first.result).toMatchObject({ marker: null, databaseStoppedByForce: false });
    const { visitor } = await lab.status();
    expect(visitor.writesLost).toBe(0);
    expect(visitor.outages.filter(({ kind }) => kind === 'fallback')).toHaveLength(1);

    await lab.succeed('lab', 'power', 'db1', 'reboot');
    await until('the database has recovered', async () => (await lab.status()).serving === 'production', 20);
    await lab.succeed('lab', 'fault', 'db-wont-start');
    const failed = lab.backup();
    await until('a start has failed', async () => (await lab.status()).notifications.length > 0, 60);
    await lab.succeed('lab', 'fault', 'clear');
    expect(await failed).toMatchObject({ status: 'completed' });

    const before = (await lab.status()).database;
    await lab.succeed('lab', 'reset');
    expect((await lab.status()).database).toMatchObject({ engine: 'postgres', running: true });
    expect(before.rows['comments']).toBe((await lab.status()).database.rows['comments']);
  },
  240_000,
);

sweepTest(
  'the same restore, its undo, and the same drill work with a real PostgreSQL, also when it is damaged',
  async () => {
    const resultOf = (report: Report) => report.result as unknown as RunbookResult<'restore'>;
    const rowsOf = ({ result }: Report) => (result as unknown as { rows: Record<string, number> }).rows;
    const backup = await lab.backup();
    expect(backup).toMatchObject({ status: 'completed' });

    const before = await lab.status();
    const restored = await lab.restore();
    expect(restored).toMatchObject({ status: 'completed', result: { rows: rowsOf(backup) } });
    const { lost, movedAside } = resultOf(restored);
    const gone = (lost?.rowsBefore?.['posts'] ?? 0) - (rowsOf(backup)['posts'] ?? 0);
    expect(gone).toBeGreaterThan(0);
    expectLost((await lab.status()).visitor.writesLost - before.visitor.writesLost, gone);

    const undone = await lab.restore('--set', `backup=aside:${movedAside}`);
    expect(undone).toMatchObject({ status: 'completed', result: { rows: lost?.rowsBefore } });

    await lab.succeed('lab', 'fault', 'damage', 'db1');
    const mended = await lab.restore();
    expect(mended).toMatchObject({ status: 'completed', result: { rows: rowsOf(backup), applicationAnswered: true } });
    expect(await lab.status()).toMatchObject({ serving: 'production', database: { running: true } });

    const drill = await lab.drill();
    expect(drill).toMatchObject({ status: 'completed', result: { rows: rowsOf(backup) } });
    expect((drill.result as unknown as RunbookResult<'restore-drill'>).rtoMs).toBeGreaterThan(0);
  },
  600_000,
);

import { until } from '../support/temporal-server';
import { LabSite } from '../support/lab-site';
import { sweepTest } from '../support/sweep';

const lab = new LabSite();
afterAll(() => lab.down(), 60_000);

sweepTest(
  'the same daily backup backs up a real PostgreSQL, after a power cut, and when it does not start again at first',
  async () => {
    await lab.succeed('lab', 'up', '--database', 'postgres');
    await lab.worker();
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

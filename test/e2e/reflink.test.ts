import { join } from 'node:path';
import { LabSite } from '../support/lab-site';
import { noReflinkDisk, type ReflinkDisk, reflinkDisk } from '../support/reflink-disk';
import { sweepTest } from '../support/sweep';

const why = process.env['TEST_SWEEP'] ? noReflinkDisk() : 'not asked for';
if (why !== null) console.info(`no backup by reflink on a file system that can: ${why}`);

(why === null ? sweepTest : test.skip)(
  'on a file system that can share bytes, the database is stopped for a copy without any, and the archive restores',
  async () => {
    const disk: ReflinkDisk = reflinkDisk(4_000);
    const lab = new LabSite({ RUNBOOK_LAB: join(disk.directory, 'lab') });
    try {
      await lab.up();
      await lab.worker();
      const backup = await lab.backup('--set', 'strategy=reflink');
      expect(backup).toMatchObject({ status: 'completed', result: { strategy: 'reflink' } });
      const { rows } = backup.result as unknown as { rows: Record<string, number> };
      expect(await lab.restore()).toMatchObject({ status: 'completed', result: { rows } });
      expect((await lab.status()).visitor.outages.map(({ kind }) => kind)).toContain('fallback');
    } finally {
      await lab.down();
      disk.remove();
    }
  },
  400_000,
);

import { appendFileSync, copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathsOf } from '../../lab/paths';
import { type CatalogueEntry } from '../../workflows/contract/actions/archives';
import { type RunbookResult } from '../../workflows/contract/runbooks';
import { LabSite, type Report } from '../support/lab-site';
import { sweepTest } from '../support/sweep';

const lab = new LabSite();
const archives = join(pathsOf(lab.directory).backupVolume, 'bookface');
const resultOf = (report: Report) => report.result as unknown as RunbookResult<'restore'>;
/** The report of the backup that is restored. */
let backup: Report;

beforeAll(async () => {
  await lab.up();
  await lab.worker();
  backup = await lab.backup();
  expect(backup.status).toBe('completed');
}, 400_000);
afterAll(() => lab.down(), 60_000);
afterEach(() => lab.succeed('lab', 'fault', 'clear'), 60_000);

/** Puts a copy of the backup beside it, under another name and with other words in its manifest. */
function copyOfBackup(name: string, words: Readonly<Record<string, unknown>>): string {
  const { archive } = resultOf(backup) as unknown as { archive: string };
  for (const suffix of ['', '.sha256sums', '.verified.json'])
    copyFileSync(join(archives, archive + suffix), join(archives, name + suffix));
  const manifest = JSON.parse(readFileSync(join(archives, `${archive}.manifest.json`), 'utf8')) as object;
  writeFileSync(join(archives, `${name}.manifest.json`), JSON.stringify({ ...manifest, name, ...words }));
  return name;
}

describe('refused before production is touched:', () => {
  const suffix = () => /\.tar\..*$/.exec(backup.result?.archive ?? '')?.[0] ?? '';

  sweepTest.each<[string, () => string | Promise<string>, RegExp]>([
    [
      'an archive that is truncated',
      () => {
        const name = copyOfBackup(`lab-cut${suffix()}`, {});
        truncateSync(join(archives, name), 100_000);
        return name;
      },
      /lab-cut.* is damaged: its SHA-256/,
    ],
    [
      'an archive of another site',
      () => copyOfBackup(`shop-1${suffix()}`, { site: 'shop' }),
      /no backup shop-1.* of this site/,
    ],
    [
      'an archive of a newer engine',
      () => copyOfBackup(`lab-newer${suffix()}`, { version: 'v99.1.0' }),
      /was written by cockroach v99\.1\.0/,
    ],
    [
      'a database host without room',
      async () => {
        await lab.succeed('lab', 'fault', 'disk-full', 'db1');
        return backup.result?.archive ?? '';
      },
      /are free beside \/bfdata on db1; wanted/,
    ],
  ])(
    '%s',
    async (_, prepare, message) => {
      const takenDown = async () =>
        (await lab.status()).visitor.outages.filter(({ kind }) => kind === 'fallback').length;
      const before = await takenDown();
      const name = await prepare();
      const report = await lab.restore('--set', `backup=${name}`);
      expect(report).toMatchObject({ status: 'failed', downtimeMs: 0 });
      expect(report.failure?.message).toMatch(message);
      expect(await takenDown()).toBe(before);
      expect((await lab.status()).servers).toMatchObject({ backup: { status: 'SHUTOFF' } });
    },
    240_000,
  );
});

sweepTest(
  'a database host that was lost has all its data again on a fresh one, and is backed up as before',
  async () => {
    await lab.succeed('lab', 'fault', 'fresh', 'db1');
    const report = await lab.restore();
    expect(report).toMatchObject({ status: 'completed', failure: null });
    const { rows } = backup.result as unknown as { rows: Record<string, number> };
    expect(resultOf(report)).toMatchObject({ rows, lost: { rowsBefore: null }, applicationAnswered: true });
    expect(resultOf(report).lost?.problem).toBeTruthy();

    const { serving, database } = await lab.status();
    expect({ serving, database }).toMatchObject({ serving: 'production', database: { running: true } });
    expect(database.rows['posts']).toBeGreaterThanOrEqual(rows['posts'] ?? Infinity);
    expect(await lab.backup()).toMatchObject({ status: 'completed' });
  },
  400_000,
);

sweepTest(
  'data moved aside is removed by the first backup after its time, and cannot be restored any more',
  async () => {
    // Nine seconds: less than a backup takes.
    appendFileSync(join(lab.directory, 'sites', 'lab.yaml'), 'restore: { keepAsideDays: 0.0001 }\n');
    const { movedAside } = resultOf(await lab.restore());
    const asideOf = async () =>
      (await lab.json<CatalogueEntry[]>('backups', 'lab')).filter(({ name }) => name === movedAside);
    expect(await asideOf()).toHaveLength(1);
    const onDisk = async () => (await lab.run('lab', 'exec', 'db1', '--', 'ls', '/bfdata/.runbook/aside')).stdout;
    expect(await onDisk()).toContain(movedAside);

    expect(await lab.backup()).toMatchObject({ status: 'completed' });
    expect(await asideOf()).toEqual([]);
    expect(await onDisk()).not.toContain(movedAside);
    const undo = await lab.restore('--set', `backup=aside:${movedAside}`);
    expect(undo).toMatchObject({ status: 'failed', failure: { type: 'NotFound' }, downtimeMs: 0 });
  },
  400_000,
);

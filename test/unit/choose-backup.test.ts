import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { chooseBackup, sampleBackup } from '../../workflows/planners/choose-backup';

function backup(day: number, verified = true): BackupRecord {
  const createdAt = new Date(Date.UTC(2026, 0, day, 2)).toISOString();
  return {
    kind: 'archive',
    name: `lab-${createdAt.slice(0, 10)}.tar.zst`,
    site: 'lab',
    createdAt,
    bytes: 1,
    sha256: 'aa',
    engine: 'cockroach',
    strategy: 'cold',
    verified,
    verifiedAt: verified ? createdAt : null,
    rows: null,
    marker: null,
    run: 'r',
  };
}
const backups = [backup(2), backup(4, false), backup(1), backup(3)];
const nameOf = (choice: object) => ('chosen' in choice ? (choice.chosen as BackupRecord).name : choice);

test('the latest is the newest that is verified', () => {
  expect(nameOf(chooseBackup(backups, 'latest'))).toBe('lab-2026-01-03.tar.zst');
});

test('a name is found with and without its suffix, verified or not', () => {
  expect(nameOf(chooseBackup(backups, 'lab-2026-01-04'))).toBe('lab-2026-01-04.tar.zst');
  expect(nameOf(chooseBackup(backups, 'lab-2026-01-01.tar.zst'))).toBe('lab-2026-01-01.tar.zst');
});

test('of before a time is the newest verified one that is not later', () => {
  expect(nameOf(chooseBackup(backups, { before: '2026-01-02T02:00:00Z' }))).toBe('lab-2026-01-02.tar.zst');
  expect(chooseBackup(backups, { before: '2026-01-01T01:59:59Z' })).toMatchObject({
    problem: expect.stringContaining('no verified backup of before 2026-01-01T01:59:59Z; there are: ') as string,
  });
});

test('where there is none, what there is is said', () => {
  expect(chooseBackup(backups, 'lab-1999')).toEqual({
    problem:
      'no backup lab-1999 of this site; there are: lab-2026-01-02.tar.zst, lab-2026-01-04.tar.zst (not verified), ' +
      'lab-2026-01-01.tar.zst, lab-2026-01-03.tar.zst',
  });
  expect(chooseBackup([], 'latest')).toEqual({ problem: 'no verified backup; there is none at all' });
});

test('samples go round: never drilled first, the newest of these, then the longest ago', () => {
  const drilled = (record: BackupRecord, ...days: number[]) => ({
    ...record,
    drills: days.map((day) => ({ at: new Date(Date.UTC(2026, 1, day)).toISOString() })),
  });
  expect(nameOf(sampleBackup([drilled(backup(1)), drilled(backup(2)), drilled(backup(3), 1)]))).toBe(
    'lab-2026-01-02.tar.zst',
  );
  expect(nameOf(sampleBackup([drilled(backup(1), 1, 9), drilled(backup(2), 5), backup(5, false)]))).toBe(
    'lab-2026-01-02.tar.zst',
  );
});

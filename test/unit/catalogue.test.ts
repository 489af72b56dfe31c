import { type BackupRecord, type CatalogueEntry, type Drill } from '../../workflows/contract/actions/archives';
import { reconcile, type Seen, withDrill } from '../../workflows/planners/catalogue';

const volume = { host: 'backup', directory: '/backup/lab' };
const beside = { host: 'db1', directory: '/bfdata.aside' };
const monday = '2026-11-16T03:00:00.000Z';
const tuesday = '2026-11-17T03:00:00.000Z';

const archive = (name: string, more: Partial<BackupRecord> = {}): BackupRecord => ({
  ...{ kind: 'archive', name, site: 'lab', createdAt: `${name}T02:00:00Z`, bytes: 1, sha256: 'aa' },
  ...{ engine: 'cockroach', strategy: 'cold', verified: true, verifiedAt: `${name}T02:01:00Z` },
  ...{ rows: null, marker: null, run: `run of ${name}` },
  ...more,
});
const aside = (name: string, keptUntil: string) => archive(name, { kind: 'aside', keptUntil });
const seen = (backups: BackupRecord[], more: Partial<Seen> = {}): Seen => ({
  ...{ backups, where: volume, by: 'run of 2026-11-16' },
  ...more,
});
const drill = (backup: string, ok: boolean, run = 'drill'): Drill => ({
  ...{ backup, at: tuesday, ok, rtoMs: ok ? 1 : null, rpoMs: 2, problem: ok ? null : 'rows differ', run },
});
const known = (...args: Parameters<typeof reconcile>) => reconcile(...args).entries;
const states = (entries: readonly CatalogueEntry[]) =>
  entries.map(({ name, missingSince }) => (missingSince ? `${name} missing since ${missingSince}` : name));

test('what lies there is known with where, when and by whom it was first seen, newest first', () => {
  const [first, second] = known([], seen([archive('2026-11-15'), archive('2026-11-16')]), monday);
  expect(first).toMatchObject({
    name: '2026-11-16',
    where: volume,
    seenAt: monday,
    foundAt: monday,
    missingSince: null,
  });
  // Found, not made, by the run that looked: adopted.
  expect([first, second].map((entry) => entry?.foundBy === entry?.run)).toEqual([true, false]);
  const [again] = known([first as CatalogueEntry], seen([archive('2026-11-16')], { by: 'another' }), tuesday);
  expect(again).toMatchObject({ seenAt: tuesday, foundAt: monday, foundBy: 'run of 2026-11-16' });
});

test('what was known and is gone is missing, said once, and kept in the list for 90 days', () => {
  const before = known([], seen([archive('2026-11-15'), archive('2026-11-16')]), monday);
  const after = reconcile(before, seen([archive('2026-11-16')]), tuesday);
  expect(states(after.entries)).toEqual(['2026-11-16', `2026-11-15 missing since ${tuesday}`]);
  expect(after.news).toEqual([
    '2026-11-15 is no longer in backup:/backup/lab, and no run has removed it (seen by run of 2026-11-16)',
  ]);
  const later = reconcile(after.entries, seen([archive('2026-11-16')]), '2027-02-15T02:00:00.000Z');
  expect(later).toMatchObject({ news: [], entries: [{ missingSince: null }, { missingSince: tuesday }] });
  expect(known(later.entries, seen([archive('2026-11-16')]), '2027-02-15T04:00:00.000Z')).toHaveLength(1);
  // Seen again, it is no longer missing.
  expect(states(known(after.entries, seen([archive('2026-11-15')]), tuesday))).toContain('2026-11-15');
});

test('what a decision removed, or was kept until now, is not missing', () => {
  const decisions = {
    keep: [{ name: '2026-11-16', why: 'last 1 of 1' }],
    remove: [
      { name: '2026-11-15', why: 'older' },
      { name: '2026-11-14', why: 'older still' },
    ],
  };
  const before = known([], seen(['2026-11-14', '2026-11-15', '2026-11-16'].map((name) => archive(name))), monday);
  // One could not be removed.
  const after = reconcile(before, seen([archive('2026-11-16'), archive('2026-11-14')], { decisions }), tuesday);
  expect(after.news).toEqual([]);
  expect(after.entries).toMatchObject([
    { name: '2026-11-16', decision: { keep: true, why: 'last 1 of 1' } },
    { name: '2026-11-14', decision: { keep: false, why: 'older still' } },
  ]);
  // Decisions stay until others are made.
  const lies = [archive('2026-11-16'), archive('2026-11-14')];
  expect(known(after.entries, seen(lies), tuesday)[0]?.decision).toEqual({ keep: true, why: 'last 1 of 1' });

  const asides = known([], seen([aside('2026-11-10', tuesday), aside('2026-11-11', '2026-12-01T00:00:00Z')]), monday);
  const gone = reconcile(asides, seen([]), tuesday);
  expect(states(gone.entries)).toEqual([`2026-11-11 missing since ${tuesday}`]);
});

test('a look at one place says nothing of another', () => {
  const both = known(
    known([], seen([archive('2026-11-15')]), monday),
    seen([aside('2026-11-16', '2026-12-01T00:00:00Z')], { where: beside }),
    monday,
  );
  expect(both.map(({ where }) => where)).toEqual([beside, volume]);
  expect(reconcile(both, seen([], { where: beside }), tuesday)).toMatchObject({
    entries: [
      { name: '2026-11-16', missingSince: tuesday },
      { name: '2026-11-15', missingSince: null },
    ],
  });
});

test('what a catalogue of before knew is placed when its archives are looked at', () => {
  const before = known([], seen([archive('2026-11-14'), archive('2026-11-15')], { where: null }), monday);
  expect(before.map(({ where }) => where)).toEqual([null, null]);
  // What lies on another host says nothing of them.
  const after = known(before, seen([aside('2026-11-16', '2026-12-01T00:00:00Z')], { where: beside }), monday);
  expect(states(after)).toEqual(['2026-11-16', '2026-11-15', '2026-11-14']);
  const placed = known(after, seen([archive('2026-11-15')]), tuesday);
  expect(placed.find(({ name }) => name === '2026-11-15')?.where).toEqual(volume);
  expect(states(placed)).toContain(`2026-11-14 missing since ${tuesday}`);
  // A run of before tells of what lies there, and no more: what is not among it is simply no longer known.
  expect(states(known(before, seen([archive('2026-11-15')], { where: null }), tuesday))).toEqual(['2026-11-15']);
});

test('the same report twice changes nothing', () => {
  const before = known([], seen([archive('2026-11-14'), archive('2026-11-15')]), monday);
  const once = reconcile(before, seen([archive('2026-11-15')]), tuesday);
  expect(reconcile(once.entries, seen([archive('2026-11-15')]), tuesday)).toEqual({ entries: once.entries, news: [] });
});

test('a drill that failed takes the verification away until the backup is read back again', () => {
  const before = known([], seen([archive('2026-11-16')]), monday);
  expect(withDrill(before, drill('2026-11-16', true))).toMatchObject([{ verified: true, drills: [{ ok: true }] }]);
  const failed = withDrill(before, drill('2026-11-16', false));
  expect(failed).toMatchObject([{ verified: false, verifiedAt: null, drills: [{ problem: 'rows differ' }] }]);
  // The volume may still say otherwise: nobody could tell it.
  expect(known(failed, seen([archive('2026-11-16')]), tuesday)).toMatchObject([{ verified: false }]);
  const readBack = archive('2026-11-16', { verifiedAt: '2026-11-18T02:00:00Z' });
  expect(known(failed, seen([readBack]), '2026-11-18T03:00:00.000Z')).toMatchObject([{ verified: true }]);
});

test('a drill told twice counts once, the last five are kept, and one of an unknown backup changes nothing', () => {
  const before = known([], seen([archive('2026-11-16')]), monday);
  const twice = withDrill(withDrill(before, drill('2026-11-16', true)), drill('2026-11-16', true));
  expect(twice[0]?.drills).toHaveLength(1);
  const runs = ['1', '2', '3', '4', '5', '6'];
  const many = runs.reduce((entries, run) => withDrill(entries, drill('2026-11-16', true, run)), before);
  expect(many[0]?.drills.map(({ run }) => run)).toEqual(['2', '3', '4', '5', '6']);
  expect(withDrill(before, drill('2026-11-01', false))).toEqual(before);
});

import { type BackupRecord, type CatalogueEntry } from '../../workflows/contract/actions/archives';
import { type LoadedSite } from '../../workflows/contract/companions';
import { messages } from '../../workflows/contract/messages';
import { reportOf, tellCatalogue, watchOf } from '../../activities/archive/catalogue';
import { FakeSite, fakeDocument } from '../support/fake-site';
import { type SiteWorker, startSiteWorker } from '../support/site-worker';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';

let temporal: TemporalServer;
let site: FakeSite;
let worker: SiteWorker;

beforeAll(async () => {
  temporal = await startTemporal();
  site = new FakeSite();
  worker = await startSiteWorker(temporal.address, temporal.client, () => site, ['runbooks-guard']);
}, 60_000);
afterAll(async () => {
  await worker.stop();
  await temporal.close();
});

/** A site whose last backup may be this old. */
const siteWith = (seconds: number): LoadedSite => ({
  ...{ name: 'fake', sha256: '00' },
  document: { ...fakeDocument, backup: { ...fakeDocument.backup, maxAgeHours: seconds / 3600 } },
});
const kinds = () => site.messages.map(({ kind }) => kind);
const handle = () => temporal.client.workflow.getHandle('catalogue/fake');

test('a missed backup is told although worker and server were away when it fell due; its recovery is told once', async () => {
  const soon = siteWith(3);
  const dueMs = Date.now() + 3500;
  await tellCatalogue(temporal.client, soon, [messages.watched, watchOf(soon)]);
  await until('it is watched', async () =>
    (await handle().fetchHistory()).events?.some((e) => e.timerStartedEventAttributes),
  );
  await worker.stop();
  await temporal.kill();
  await until('its time is over', async () => Date.now() > dueMs);
  await temporal.start();
  worker = await startSiteWorker(temporal.address, temporal.client, () => site, ['runbooks-guard']);
  await until('the alarm', async () => site.messages.length > 0);
  expect(site.messages[0]).toMatchObject({ kind: 'alarm', run: 'catalogue/fake' });
  expect(site.messages[0]?.text).toMatch(/^fake has no verified backup, .*; the limit is /);

  const createdAt = new Date().toISOString();
  const record: BackupRecord = {
    ...{ kind: 'archive', name: 'fake-1', site: 'fake', createdAt, bytes: 1, sha256: 'aa' },
    ...{ engine: 'cockroach', strategy: 'cold', verified: true, verifiedAt: createdAt },
    ...{ rows: null, marker: null, run: 'daily-backup/fake/1' },
  };
  const inTime = siteWith(3600);
  const report = reportOf({ site: 'fake', backups: [record] }, inTime, 'daily-backup/fake/1');
  await tellCatalogue(temporal.client, inTime, [messages.catalogued, report]);
  await until('the recovery', async () => kinds().includes('recovered'));

  // Gone, although nobody removed it.
  const nothing = reportOf({ site: 'fake', backups: [] }, inTime, 'restore/fake/1');
  await tellCatalogue(temporal.client, inTime, [messages.catalogued, nothing]);
  await until('it is told', async () => site.messages.length === 3);
  expect(kinds()).toEqual(['alarm', 'recovered', 'alarm']);
  expect(site.messages[2]?.text).toMatch(
    /^fake-1 is no longer in backup:\/backup\/bookface, and no run has removed it/,
  );
  const [entry] = await handle().query<CatalogueEntry[]>(messages.backups);
  expect(entry).toMatchObject({
    name: 'fake-1',
    foundBy: 'daily-backup/fake/1',
    missingSince: expect.any(String) as string,
  });
}, 60_000);

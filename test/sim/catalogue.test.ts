import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportOf, watchOf } from '../../activities/archive/catalogue';
import { actions } from '../../workflows/contract/actions';
import { type BackupRecord, type CatalogueEntry } from '../../workflows/contract/actions/archives';
import { type CatalogueInput } from '../../workflows/contract/backups';
import { messages } from '../../workflows/contract/messages';
import { workflowBundle } from '../support/site-worker';
import { SimulatedWorkers } from './attempts';
import { Clock } from './clock';
import { Companions } from './companions';
import { Random } from './random';
import { SiteModel } from './site/model';
import { Sandbox, WorkflowBug } from './temporal/sandbox';
import { TemporalServer } from './temporal/server';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const directory = mkdtempSync(join(tmpdir(), 'catalogue-'));
let sandbox: Sandbox;

beforeAll(async () => {
  const file = join(directory, 'bundle.js');
  writeFileSync(file, (await workflowBundle()).code);
  sandbox = await Sandbox.load(file, Object.keys(actions));
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A catalogue through weeks of virtual time, with what people were told of it. */
class Weeks {
  readonly clock = new Clock(Date.UTC(2026, 0, 5));
  readonly site = new SiteModel(() => this.clock.nowMs);
  /** `<days since the beginning> <kind>`. */
  readonly told: string[] = [];
  readonly workers: SimulatedWorkers;
  readonly server: TemporalServer;
  readonly #began = this.clock.nowMs;

  constructor(seed: number) {
    const random = new Random(seed);
    this.workers = new SimulatedWorkers(
      ...([this.clock, random, this.site, [], () => undefined, () => undefined] as const),
    );
    const nobody = () => undefined;
    const observer = { started: nobody, commanded: nobody, closed: nobody, signalled: nobody };
    this.server = new TemporalServer(this.clock, random, sandbox, this.workers, observer);
    this.workers.server = this.server;
    this.workers.companions = new Companions(this.clock, random, this.server, this.site);
    this.site.messages.push = (message) =>
      this.told.push(`${((this.clock.nowMs - this.#began) / dayMs).toFixed(2)} ${message.kind}: ${message.text}`);
  }

  start(input: CatalogueInput = { site: 'fake' }): void {
    this.server.start({ workflowId: 'catalogue/fake', type: 'catalogue', queue: 'runbooks-guard', args: [input] });
  }

  tell(signal: string, content: unknown): void {
    this.server.signal('catalogue/fake', null, signal, [content]);
  }

  watch(maxAgeHours = 26): void {
    this.tell(messages.watched, { ...watchOf(this.site.siteFile(null)), maxAgeHours });
  }

  /** A verified backup, made now. */
  backUp(): void {
    const createdAt = new Date(this.clock.nowMs).toISOString();
    const record: BackupRecord = {
      ...{ kind: 'archive', name: createdAt.slice(0, 10), site: 'fake', createdAt, bytes: 1, sha256: 'aa' },
      ...{ engine: 'cockroach', strategy: 'cold', verified: true, verifiedAt: createdAt },
      ...{ rows: null, marker: null, run: 'daily-backup/fake/1' },
    };
    this.site.archives.unshift(record);
    const update = { site: 'fake', backups: this.site.archives };
    this.tell(messages.catalogued, reportOf(update, this.site.siteFile(null), 'daily-backup/fake/1'));
  }

  async until(days: number): Promise<void> {
    let there = false;
    this.clock.at(this.#began + days * dayMs, () => {
      there = true;
    });
    await this.clock.run(Infinity, () => there);
  }

  async entries(): Promise<CatalogueEntry[]> {
    return (await this.server.latest('catalogue/fake')?.instance?.query(messages.backups)) as CatalogueEntry[];
  }
}

const outlines = (told: readonly string[]) => told.map((line) => line.replace(/:.*/, ''));

// Seeds differ in how long things take, and in how often the catalogue is continued as new.
describe.each([1, 2, 3])('seed %i', (seed) => {
  test('a backup that is missed is told once its time is over, then daily, and its recovery once', async () => {
    const weeks = new Weeks(seed);
    weeks.start();
    weeks.watch();
    for (const day of [1, 2, 3]) {
      await weeks.until(day);
      weeks.backUp();
    }
    await weeks.until(8);
    expect(outlines(weeks.told)).toEqual(['4.08 alarm', '5.08 alarm', '6.08 alarm', '7.08 alarm']);
    expect(weeks.told[1]).toContain('the last verified backup of fake is 50 h old (2026-01-08); the limit is 26 h');
    weeks.backUp();
    await weeks.until(9);
    expect(outlines(weeks.told).slice(4)).toEqual(['8.00 recovered']);
    await weeks.until(10);
    expect(outlines(weeks.told).slice(5)).toEqual(['9.08 alarm']);
    expect((await weeks.entries()).map(({ name }) => name)).toEqual([
      ...['2026-01-13', '2026-01-08', '2026-01-07', '2026-01-06'],
    ]);
  });

  test('a site that never had a backup is told of too, from its first watch on', async () => {
    const weeks = new Weeks(seed);
    weeks.start();
    weeks.watch();
    await weeks.until(0.5);
    // Another worker starts.
    weeks.watch();
    await weeks.until(2.5);
    expect(outlines(weeks.told)).toEqual(['1.08 alarm', '2.08 alarm']);
    expect(weeks.told[0]).toContain('fake has no verified backup, and has been watched for 26 h');
  });

  test('an alarm that falls due while no worker lives is told when one is back; one while Temporal is away, after that', async () => {
    const weeks = new Weeks(seed);
    weeks.start();
    weeks.watch();
    await weeks.until(1);
    weeks.workers.die('both', 12 * hourMs);
    await weeks.until(2.4);
    weeks.server.away = true;
    await weeks.until(3);
    weeks.server.away = false;
    weeks.server.offer();
    await weeks.until(3.5);
    expect(outlines(weeks.told)).toEqual(['1.50 alarm', '3.00 alarm']);
  });

  test('people who cannot be told are tried again soon', async () => {
    const weeks = new Weeks(seed);
    weeks.start();
    weeks.watch();
    await weeks.until(1);
    weeks.site.perform = () => {
      throw new Error('no connection');
    };
    await weeks.until(1.25);
    delete (weeks.site as Partial<SiteModel>).perform;
    await weeks.until(2);
    expect(outlines(weeks.told)).toEqual([expect.stringMatching(/^1\.2[56] alarm$/)]);
  });

  test('another limit arms the timer anew', async () => {
    const weeks = new Weeks(seed);
    weeks.start();
    weeks.watch(1000);
    await weeks.until(3);
    weeks.watch(48);
    await weeks.until(3.5);
    weeks.watch(96);
    await weeks.until(4.5);
    // The report of a run carries the limit of the site's file.
    weeks.backUp();
    await weeks.until(6);
    expect(outlines(weeks.told)).toEqual([
      '3.00 alarm',
      '3.50 recovered',
      '4.00 alarm',
      '4.50 recovered',
      '5.58 alarm',
    ]);
  });

  test('a message that makes no sense is ignored', async () => {
    const weeks = new Weeks(seed);
    weeks.start();
    for (const content of [undefined, {}, 'x', { backups: [{}] }, { maxAgeHours: -1, notify: [] }])
      for (const name of [messages.catalogued, messages.drilled, messages.watched]) weeks.tell(name, content);
    await weeks.until(0.1);
    weeks.backUp();
    await weeks.until(1);
    expect((await weeks.entries()).map(({ name }) => name)).toEqual(['2026-01-05']);
  });

  test('a catalogue of before knows nobody to tell, and goes on as it was', async () => {
    const weeks = new Weeks(seed);
    weeks.start({ site: 'fake', backups: [] });
    weeks.tell(messages.catalogued, []);
    await weeks.until(30);
    expect(weeks.told).toEqual([]);
    weeks.watch();
    await weeks.until(32);
    expect(outlines(weeks.told)).toEqual(['31.08 alarm']);
  });
});

test('a replay of all that makes the same commands', async () => {
  const weeks = new Weeks(4);
  weeks.start();
  weeks.watch();
  for (const day of [1, 2, 4.5, 5]) {
    await weeks.until(day);
    // What is in no cache is replayed.
    weeks.workers.die('guard', hourMs);
    weeks.backUp();
  }
  await expect(weeks.until(9)).resolves.not.toThrow(WorkflowBug);
  expect(outlines(weeks.told)).toEqual([
    '3.08 alarm',
    '4.08 alarm',
    '4.54 recovered',
    '6.08 alarm',
    '7.08 alarm',
    '8.08 alarm',
  ]);
});

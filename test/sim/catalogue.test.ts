import { actions } from '../../workflows/contract/actions';
import { messages } from '../../workflows/contract/messages';
import { builtWorkflows } from '../support/built-workflows';
import { type SiteModel } from './site/model';
import { Sandbox, WorkflowBug } from './temporal/sandbox';
import { hourMs, Weeks } from './weeks';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await Sandbox.load(await builtWorkflows(), Object.keys(actions));
}, 60_000);

const outlines = (told: readonly string[]) => told.map((line) => line.replace(/:.*/, ''));

// Seeds differ in how long things take, and in how often the catalogue is continued as new.
describe.each([1, 2, 3])('seed %i', (seed) => {
  test('a backup that is missed is told once its time is over, then daily, and its recovery once', async () => {
    const weeks = new Weeks(sandbox, seed);
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
    const weeks = new Weeks(sandbox, seed);
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
    const weeks = new Weeks(sandbox, seed);
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
    const weeks = new Weeks(sandbox, seed);
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
    const weeks = new Weeks(sandbox, seed);
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
    const weeks = new Weeks(sandbox, seed);
    weeks.start();
    for (const content of [undefined, {}, 'x', { backups: [{}] }, { maxAgeHours: -1, notify: [] }])
      for (const name of [messages.catalogued, messages.drilled, messages.watched]) weeks.tell(name, content);
    await weeks.until(0.1);
    weeks.backUp();
    await weeks.until(1);
    expect((await weeks.entries()).map(({ name }) => name)).toEqual(['2026-01-05']);
  });

  test('a catalogue of before knows nobody to tell, and goes on as it was', async () => {
    const weeks = new Weeks(sandbox, seed);
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
  const weeks = new Weeks(sandbox, 4);
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

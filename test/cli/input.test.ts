import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputFor, runbookNamed } from '../../cli/input';
import { runbookCommand } from './fixture/command';
import { goodSite, siteDirectory } from './fixture/site';

const { definition } = runbookNamed('daily-backup');

test('values get the type of their field; text stays text', () => {
  expect(inputFor(definition, { set: ['keep=5', 'dryRun=true', 'note=7', 'note=a=b'], site: 'lab' })).toEqual({
    keep: 5,
    dryRun: true,
    note: 'a=b',
    site: 'lab',
  });
});

test('a field inside another is set with a dot, and JSON where a field takes an object or a text', () => {
  const { definition: restore } = runbookNamed('restore');
  expect(inputFor(restore, { set: ['approval.waived=nobody is awake', 'backup.before=2026-01-01T00:00:00Z'] })).toEqual(
    {
      approval: { waived: 'nobody is awake' },
      backup: { before: '2026-01-01T00:00:00Z' },
    },
  );
  expect(inputFor(restore, { set: ['backup={"before":"2026-01-01T00:00:00Z"}'] })).toEqual({
    backup: { before: '2026-01-01T00:00:00Z' },
  });
  expect(inputFor(restore, { set: ['backup=latest'] })).toEqual({ backup: 'latest' });
});

test('a list is set as words with commas between, or as JSON', () => {
  const { definition: hosts } = runbookNamed('hosts');
  expect(inputFor(hosts, { set: ['only=db1,www1'] })).toEqual({ only: ['db1', 'www1'] });
  expect(inputFor(hosts, { set: ['only=["db1"]'] })).toEqual({ only: ['db1'] });
  expect(() => inputFor(hosts, { set: ['only=db1,'] })).toThrow('only.1: found ""');
});

test('--set wins over the file', () => {
  const file = join(siteDirectory({}), 'input.json');
  writeFileSync(file, '{"keep": 2, "note": "from the file"}');
  expect(inputFor(definition, { set: ['keep=5'], input: file })).toEqual({ keep: 5, note: 'from the file' });
});

test.each([
  ['a number out of range', ['keep=0'], 'keep: found 0, expected at least 1'],
  ['a number that is none', ['keep=many'], 'keep: found "many", expected a number'],
  [
    'an unknown field',
    ['kep=3'],
    'kep: unknown key, expected one of site, dryRun, strategy, keep, note; did you mean keep?',
  ],
  ['no pair', ['keep'], '--set keep: expected key=value'],
])('%s is refused', (_what, set, expected) => {
  expect(() => inputFor(definition, { set })).toThrow(expected);
});

test('nothing is connected to before input and site are good', async () => {
  const env = { RUNBOOK_SITES: siteDirectory({ lab: goodSite }), TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const run = (...words: string[]) => runbookCommand(env, 'run', ...words, '--json');
  const refused = (message: string) => ({ exitCode: 2, documents: [{ error: { exitCode: 2, message } }] });
  expect(await run('daily-backup', '--set', 'keep=0')).toMatchObject(refused('keep: found 0, expected at least 1'));
  expect(await run('dayli-backup')).toMatchObject(
    refused(
      'there is no runbook dayli-backup, expected one of daily-backup, restore, restore-drill, production, hosts; did you mean daily-backup?',
    ),
  );
  expect(await run('production')).toMatchObject(refused('action: missing, expected "up" or "down" or "status"'));
  expect(await run('daily-backup', '--site', 'far')).toMatchObject({ exitCode: 2 });
  expect(await run('daily-backup', '--input', '/nowhere.json')).toMatchObject({ exitCode: 2 });
  expect(await run('daily-backup')).toMatchObject({ exitCode: 3 });
});

test('bad usage ends with 2, help with 0', async () => {
  expect(await runbookCommand({}, 'runn')).toMatchObject({ exitCode: 2 });
  expect(await runbookCommand({}, 'abort', 'x')).toMatchObject({ exitCode: 2 });
  expect(await runbookCommand({}, 'runs', '--limit', '0')).toMatchObject({ exitCode: 2 });
  expect(await runbookCommand({}, 'run', '--help')).toMatchObject({ exitCode: 0 });
});

test('describe shows every field of the input, and lists what list lists', async () => {
  const { stdout } = await runbookCommand({}, 'describe', 'production');
  expect(stdout).toMatch(/action {2}up \| down \| status {2}required/);
  const { documents } = await runbookCommand({}, 'list', '--json');
  expect(documents[0]).toMatchObject([
    { runbook: 'daily-backup', workflow: 'dailyBackup' },
    { runbook: 'restore' },
    { runbook: 'restore-drill' },
    { runbook: 'production' },
    { runbook: 'hosts', workflow: 'hosts' },
  ]);
});

import { parseSiteFile } from '../../activities/site/site-file';
import { fileProblemText } from '../../activities/site/yaml-file';
import { sitesFrom } from '../../activities/site/sites';
import { failureTypeOf } from '../../activities/failures';
import { runbookCommand } from './fixture/command';
import { goodSite, siteDirectory } from './fixture/site';

function problemsOf(text: string): string[] {
  const parsed = parseSiteFile('lab.yaml', text);
  return parsed.ok ? [] : parsed.problems.map(fileProblemText);
}

test('a good file gets its defaults', () => {
  const parsed = parseSiteFile('lab.yaml', goodSite);
  expect(parsed).toMatchObject({ ok: true, value: { queue: 'runbooks', limits: { maxDowntimeSeconds: 1800 } } });
});

test.each([
  [
    'a misspelt key',
    'cloud: lab',
    'clowd: lab',
    [
      'lab.yaml:1:1: cloud: missing, expected a string',
      'lab.yaml:4:1: clowd: unknown key, expected one of hosts, cloud, production, database, backup, limits, restore, jobs, notify, queue; did you mean cloud?',
    ],
  ],
  [
    'a misspelt key inside',
    'db1: { address',
    'db1: { adress',
    [
      'lab.yaml:2:3: hosts.db1.address: missing, expected a string',
      'lab.yaml:2:10: hosts.db1.adress: unknown key, expected one of address, port, user, server; did you mean address?',
    ],
  ],
  ['a number out of range', 'keep: 3', 'keep: 0', ['lab.yaml:22:9: backup.keep: found 0, expected at least 1']],
  ['a value of another type', 'cloud: lab', 'cloud: 7', ['lab.yaml:4:8: cloud: found 7, expected a string']],
  [
    'a relative path',
    'store: /bfdata',
    'store: bfdata',
    ['lab.yaml:13:10: database.store: found "bfdata", expected an absolute path'],
  ],
  [
    'an unknown engine',
    'engine: cockroach',
    'engine: mysql',
    ['lab.yaml:11:11: database.engine: found "mysql", expected "cockroach" or "postgres"'],
  ],
  [
    'an address that is none',
    'floatingIp: 10.0.0.1',
    'floatingIp: 10.0.0',
    ['lab.yaml:7:15: production.floatingIp: found "10.0.0", expected an IPv4 address like 10.0.0.1'],
  ],
  [
    'an empty list',
    'tables: [users, posts]',
    'tables: []',
    ['lab.yaml:17:11: database.tables: found [], expected at least 1 entry'],
  ],
  [
    'an entry of a list',
    'tables: [users, posts]',
    'tables: [users, Posts]',
    ['lab.yaml:17:19: database.tables.1: found "Posts", expected another form'],
  ],
  [
    'a host that is not there',
    'host: db1',
    'host: db2',
    ['lab.yaml:12:9: database.host: no host db2; there are: db1, backup'],
  ],
  [
    'a bad name',
    '  backup: { address',
    '  "back up": { address',
    ['lab.yaml:3:3: hosts.back up: bad name, expected letters, digits, dots, dashes and underscores'],
  ],
  [
    'a way to notify that is none',
    'cloud: lab',
    'cloud: lab\nnotify: [{ webhok: http://x }]',
    [
      'lab.yaml:5:12: notify.0.webhok: unknown key, expected one of webhook, webhookFromEnv, command; did you mean webhook?',
    ],
  ],
  [
    'two ways at once',
    'cloud: lab',
    'cloud: lab\nnotify: [{ webhook: http://x, command: [x] }]',
    [
      'lab.yaml:5:10: notify.0: found {"webhook":"http://x","command":["x"]}, expected exactly one of webhook, webhookFromEnv, command',
    ],
  ],
  [
    'a key given twice',
    'cloud: lab',
    'cloud: lab\ncloud: lab',
    ['lab.yaml:5:1: (all): Map keys must be unique, expected YAML'],
  ],
])('%s is told with place, path and expectation', (_what, right, wrong, expected) => {
  expect(goodSite).toContain(right);
  expect(problemsOf(goodSite.replace(right, wrong))).toEqual(expected);
});

test.each([
  ['an empty file', '', 'lab.yaml:1:1: (all): found null, expected a mapping'],
  ['a list', '- a\n', 'lab.yaml:1:1: (all): found ["a"], expected a mapping'],
])('%s is no site', (_what, text, expected) => {
  expect(problemsOf(text)).toEqual([expected]);
});

describe('which site is meant', () => {
  const sites = (files: Record<string, string>, env: NodeJS.ProcessEnv = {}) =>
    sitesFrom({ env: { RUNBOOK_SITES: siteDirectory(files), ...env }, root: '/nowhere' });
  const failureOf = async (promise: Promise<unknown>) => {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return { type: failureTypeOf(error), message: (error as Error).message };
  };

  test('the named one', async () => {
    expect(await sites({ a: goodSite, b: goodSite }).load('b')).toMatchObject({
      name: 'b',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });
  test('the only one, or the one in RUNBOOK_SITE', async () => {
    expect((await sites({ a: goodSite }).load(null)).name).toBe('a');
    expect((await sites({ a: goodSite, b: goodSite }, { RUNBOOK_SITE: 'b' }).load(null)).name).toBe('b');
  });
  test('none is guessed among several', async () => {
    const { type, message } = await failureOf(sites({ beta: goodSite, alpha: goodSite }).load(null));
    expect(type).toBe('InvalidInput');
    expect(message).toBe('no site given, and there are several: alpha, beta; name one, or set RUNBOOK_SITE');
  });
  test('an unknown one is refused, with what was meant', async () => {
    const { type, message } = await failureOf(sites({ stockholm: goodSite }).load('stokholm'));
    expect(type).toBe('InvalidInput');
    expect(message).toMatch(/no site stokholm in .*; expected one of stockholm; did you mean stockholm\?$/);
  });
  test('the first of two directories wins', async () => {
    const [first, second] = [siteDirectory({ a: goodSite }), siteDirectory({ a: 'bad', b: goodSite })];
    const both = sitesFrom({ env: { RUNBOOK_SITES: `${first}:${second}` }, root: '/nowhere' });
    expect(both.names()).toEqual(['a', 'b']);
    expect((await both.load('a')).document.cloud).toBe('lab');
  });
  test('a file with mistakes is refused with all of them', async () => {
    const { type, message } = await failureOf(
      sites({ a: goodSite.replace('keep: 3', 'keep: 0').replace('lab', '[]') }).load('a'),
    );
    expect(type).toBe('InvalidInput');
    expect(message.split('\n')).toEqual([
      expect.stringMatching(/a\.yaml:4:8: cloud: found \[\], expected a string$/),
      expect.stringMatching(/a\.yaml:22:9: backup\.keep: found 0, expected at least 1$/),
    ]);
  });
});

test('validate checks every site file and ends with 2 if one is wrong', async () => {
  const good = await runbookCommand(
    { RUNBOOK_SITES: siteDirectory({ a: goodSite }), RUNBOOK_FILES: '/nowhere' },
    'validate',
    '--json',
  );
  expect(good).toMatchObject({ exitCode: 0, documents: [[{ ok: true, problems: [] }]] });
  const RUNBOOK_SITES = siteDirectory({ a: goodSite, b: goodSite.replace('keep: 3', 'kep: 3') });
  const bad = await runbookCommand({ RUNBOOK_SITES, RUNBOOK_FILES: '/nowhere' }, 'validate');
  expect(bad.exitCode).toBe(2);
  expect(bad.stdout).toMatch(/b\.yaml:22:3: backup\.kep: unknown key, .* did you mean keep\?\n$/);
  expect(bad.stderr).toBe('2 site files, 1 problem\n');
});

test('the runbook files that come with the project are right for whatever sites there are', async () => {
  const RUNBOOK_SITES = siteDirectory({ a: goodSite });
  const { exitCode, stdout, stderr } = await runbookCommand({ RUNBOOK_SITES }, 'validate');
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  expect(stderr).toMatch(/^1 site file, \d runbook files?, 0 problems\n$/);
});

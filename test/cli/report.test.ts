import { buildReport, type ReportSources } from '../../cli/report/report';
import { reportLines } from '../../cli/report/text';
import { styleFor } from '../../cli/render/style';
import { messages } from '../../workflows/contract/messages';
import { described, HistoryWriter } from './fixture/history';

const now = new Date('2026-11-20T03:00:00Z');
const report = (
  writer: HistoryWriter,
  status: 'running' | 'completed' | 'failed' | 'terminated',
  guard: ReportSources['guard'] = null,
) => buildReport({ history: writer.history, description: described(status), guard, now });

const at = (time: string, changed = true) => ({ output: { changed, at: `2026-11-20T${time}Z` } });

test('steps are the actions, in order, with how they ended; what a run asks besides is none', () => {
  const writer = new HistoryWriter()
    .activity('loadSite', 'loadSite', { output: { name: 'stockholm' }, args: [null] })
    .activity('readProduction', 'Look at production')
    .activity('copyAhead', 'Copy ahead', { end: 'timedOut' })
    .activity('stopDatabase', 'Stop the database', { end: 'cancelledUnstarted' })
    .activity('makeArchive', 'Make the archive', { end: 'cancelled', attempt: 3 })
    .activity('stopServer', 'Stop the server', { end: 'none' });
  const { site, steps } = buildReport({
    history: writer.history,
    description: described('running', { attempts: { 'Stop the server': 2 } }),
    guard: null,
    now,
  });
  expect(site).toBe('stockholm');
  expect(steps.map(({ title, state, attempts }) => `${title}: ${state} ${attempts}`)).toEqual([
    'Look at production: done 1',
    'Copy ahead: failed 1',
    'Stop the database: skipped 0',
    'Make the archive: failed 3',
    'Stop the server: running 2',
  ]);
  expect(steps[0]).toEqual({
    title: 'Look at production',
    action: 'readProduction',
    state: 'done',
    startedAt: '2026-11-20T02:00:04.000Z',
    endedAt: '2026-11-20T02:00:06.000Z',
    attempts: 1,
  });
});

test('many looks are a step for each slice of them', () => {
  const { steps } = report(new HistoryWriter().activity('readHostEach', 'Look at 101 hosts: 1 to 100'), 'completed');
  expect(steps).toMatchObject([{ title: 'Look at 101 hosts: 1 to 100', action: 'readHost', state: 'done' }]);
});

test('the steps of a plan are descriptions, and cause no downtime', () => {
  const writer = new HistoryWriter({ site: 'lab', dryRun: true }).activity(
    'describeAction',
    'Describe: Take production down',
    {
      args: ['takeProductionDown', {}, { title: 'Take production down' }],
      output: { command: 'PUT', output: { changed: true, at: '2026-11-20T02:00:00Z' } },
    },
  );
  expect(report(writer, 'completed')).toMatchObject({
    dryRun: true,
    steps: [{ title: 'Describe: Take production down', action: 'takeProductionDown' }],
    downtimeMs: 0,
  });
});

describe('downtime', () => {
  const guardWith = (writer: HistoryWriter, status: 'running' | 'completed' = 'completed') => ({
    history: writer.history,
    status,
  });

  test('is the time between the two probes', () => {
    const writer = new HistoryWriter()
      .activity('takeProductionDown', 'down', at('02:00:10.250'))
      .activity('bringProductionUp', 'up', at('02:00:14'));
    expect(report(writer, 'completed').downtimeMs).toBe(3750);
  });
  test('ends with the probe of the guard, and looking again does not add to it', () => {
    const writer = new HistoryWriter().activity('takeProductionDown', 'down', at('02:00:10'));
    const guard = new HistoryWriter({})
      .activity('bringProductionUp', 'up', at('02:00:30'))
      .activity('bringProductionUp', 'up again', at('02:00:40', false));
    expect(report(writer, 'terminated', guardWith(guard)).downtimeMs).toBe(20_000);
  });
  test('goes on while the guard has not brought production up', () => {
    const writer = new HistoryWriter().activity('takeProductionDown', 'down', at('02:00:00'));
    expect(report(writer, 'terminated', guardWith(new HistoryWriter({}), 'running')).downtimeMs).toBe(3_600_000);
  });
  test('of production that stays down ends with the run that took it down', () => {
    const writer = new HistoryWriter().activity('takeProductionDown', 'down', at('02:00:00'));
    expect(report(writer, 'completed').downtimeMs).toBe(600_000);
  });
  test('counts from the attempt whose answer was lost if it had to be undone', () => {
    const writer = new HistoryWriter().activity('takeProductionDown', 'down', { end: 'timedOut' });
    const undone = new HistoryWriter({}).activity('bringProductionUp', 'up', at('02:00:12'));
    expect(report(writer, 'terminated', guardWith(undone)).downtimeMs).toBe(10_000);
    const nothing = new HistoryWriter({}).activity('bringProductionUp', 'up', at('02:00:12', false));
    expect(report(writer, 'terminated', guardWith(nothing)).downtimeMs).toBe(0);
  });
});

test('jobs are told by those that ran them and those that stopped them, once each', () => {
  const job = (key: string, starts: number) => ({ output: { key, host: 'backup', starts } });
  const writer = new HistoryWriter()
    .activity('copyAhead', 'a', job('k1', 1))
    .activity('copyStore', 'b', { end: 'none' })
    .activity('stopJob', 'c', job('k1', 1));
  const guard = new HistoryWriter({}).activity('stopJob', 'd', job('k2', 2)).activity('stopJob', 'e', job('k3', 0));
  expect(report(writer, 'terminated', { history: guard.history, status: 'completed' }).jobs).toEqual([
    { key: 'k1', host: 'backup', starts: 1 },
    { key: 'k2', host: 'backup', starts: 2 },
  ]);
});

test('what a running guard has closed so far is known by the titles of its brackets', () => {
  const guard = new HistoryWriter({})
    .signal(messages.bracketOpened, { id: 1, title: 'Production is down', call: { key: 'k1' } })
    .signal(messages.bracketOpened, { id: 2, title: 'The database is stopped', call: { key: 'k2' } })
    .activity('startDatabase', 'Start the database', { args: [{}, { title: 'Start the database', key: 'k2' }] })
    .activity('notify', 'Tell: alarm')
    .activity('bringProductionUp', 'Bring production up', { end: 'none', args: [{}, { key: 'k1' }] });
  const { guard: told } = report(new HistoryWriter(), 'terminated', { history: guard.history, status: 'running' });
  expect(told).toEqual({ status: 'running', restored: ['The database is stopped'] });
});

test('a failure is told with its own type, message and step, whatever it is wrapped in', () => {
  const writer = new HistoryWriter()
    .activity('makeArchive', 'Make the archive', { end: 'failed' })
    .failed('ResourceFailed', 'tar ended with 2', { step: 'Make the archive' });
  expect(report(writer, 'failed').failure).toEqual({
    type: 'ResourceFailed',
    message: 'tar ended with 2',
    step: 'Make the archive',
  });
});

test('people get at most 100 columns', () => {
  const writer = new HistoryWriter()
    .activity('copyAhead', 'Copy the store of db1 ahead', { output: { key: 'k1', host: 'backup', starts: 1 } })
    .activity('takeProductionDown', 'Take production down', at('02:00:10'))
    .activity('bringProductionUp', 'Bring production up', at('02:01:30'))
    .failed('ResourceFailed', `the archive is not what was written: ${'word '.repeat(40)}`, { step: 'Read it back' });
  const lines = reportLines(report(writer, 'failed'), styleFor({}, {}));
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  const text = lines.join('\n');
  expect(text).toContain('daily-backup of lab: failed after 10 min 00 s');
  expect(text).toMatch(/production down {2}1 min 20 s\n/);
  expect(text).toMatch(/remote jobs {6}1, each started once/);
});

test('results are shown by the units in their names', () => {
  const result = {
    archive: 'a.tar',
    storeBytes: 204_800_000,
    durationsMs: { copy: 16_000 },
    lost: { since: '2026-11-20T02:00:00Z', seconds: 260, rowsBefore: null, problem: null },
    rotated: [{ name: 'old', why: '4th' }],
    backups: [],
  };
  const lines = reportLines(report(new HistoryWriter().completed(result), 'completed'), styleFor({}, {}));
  expect(lines.slice(lines.indexOf('  result'))).toEqual([
    '  result',
    '  archive    a.tar',
    '  store      205 MB',
    '  durations  copy 16 s',
    '  lost       since 2026-11-20T02:00:00Z, 4 min 20 s',
    '  rotated    old (4th)',
  ]);
});

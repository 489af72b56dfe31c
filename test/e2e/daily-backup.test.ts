import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as playwright } from 'playwright-core';
import { sweeping } from '../support/sweep';
import { until } from '../support/temporal-server';
import { collect, LabSite, type LabStatus, type Report } from '../support/lab-site';

const root = join(__dirname, '..', '..');
const lab = new LabSite();
let first: Report & { lab: LabStatus; backups: { name: string; verified: boolean }[] };

/** Everything the lab starts has its directory in the environment. */
function environmentOf(process: string): string {
  try {
    return readFileSync(`/proc/${process}/environ`, 'utf8');
  } catch {
    return '';
  }
}

interface PlanDocument {
  readonly steps: readonly {
    title: string;
    action: string;
    effect: string;
    command: string | null;
    changes: boolean | null;
  }[];
  readonly digest: string;
}

beforeAll(async () => {
  const { exitCode, stdout, stderr } = await collect(
    spawn('npm', ['start', '--silent', '--', '--once', '--json'], {
      cwd: root,
      env: lab.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  if (exitCode !== 0) throw new Error(`npm start: exit code ${exitCode}\n${stdout}\n${stderr}`);
  first = JSON.parse(stdout) as typeof first;
}, 300_000);
afterAll(() => lab.down(), 60_000);

test('npm start runs the backup, loses no acknowledged write, and is down only between the two probes', () => {
  expect(first).toMatchObject({ status: 'completed', failure: null, guard: { restored: [] } });
  expect(first.backups).toMatchObject([{ name: first.result?.archive, verified: true }]);
  const { visitor } = first.lab;
  expect(visitor.writesAcknowledged).toBeGreaterThan(0);
  expect(visitor.writesLost).toBe(0);
  // A request may be cut in the moment the address moves; anything longer than that is the fallback page.
  const down = visitor.outages.filter(({ kind }) => kind === 'fallback');
  expect(down).toHaveLength(1);
  expect(Math.abs((down[0]?.ms ?? 0) - first.downtimeMs)).toBeLessThan(1500);
});

test('npm start -- --once leaves no process behind', async () => {
  const { pid } = first.lab.temporal;
  // Who has ended may have to wait a moment to be collected.
  await until('the Temporal server is gone', async () => !existsSync(`/proc/${pid}`), 5);
  const left = readdirSync('/proc').filter(
    (entry) => /^\d+$/.test(entry) && environmentOf(entry).includes(lab.directory),
  );
  expect(left).toEqual([]);
});

test('a plan changes nothing, and has the digest of the run that follows', async () => {
  await lab.up();
  await lab.worker();
  const before = await lab.status();
  const plan = await lab.json<PlanDocument>('plan', 'daily-backup');
  const after = await lab.status();
  for (const part of ['serving', 'servers', 'floatingIp', 'hosts', 'notifications'] as const)
    expect(after[part]).toEqual(before[part]);
  expect(plan.steps.filter(({ effect }) => effect === 'change').every(({ command }) => command)).toBe(true);
  expect(plan.steps.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['startServer', 'takeProductionDown', 'copyStore']),
  );

  expect(await lab.backup()).toMatchObject({ status: 'completed', planDigest: plan.digest });
}, 240_000);

const keep = sweeping ? 3 : 1;

test(`a backup more than ${keep} leaves exactly ${keep}, and all are verified`, async () => {
  const reports = [];
  for (let run = 0; run < keep; run += 1) reports.push(await lab.backup('--set', `keep=${keep}`));
  expect(reports.map(({ status }) => status)).toEqual(reports.map(() => 'completed'));
  const backups = await lab.json<{ name: string; verified: boolean }[]>('backups', 'lab');
  expect(backups.map(({ name }) => name)).toEqual(reports.map(({ result }) => result?.archive).reverse());
  expect(backups.every(({ verified }) => verified)).toBe(true);
  expect((await lab.status()).visitor.writesLost).toBe(0);
}, 240_000);

test('a history is kept, to be replayed', async () => {
  const [run] = await lab.json<{ workflowId: string }[]>('runs');
  const file = join(lab.directory, 'history.json');
  await lab.succeed('history', 'save', run?.workflowId ?? '', '--to', file);
  const { events } = JSON.parse(readFileSync(file, 'utf8')) as { events: { eventType: string }[] };
  expect(events[0]?.eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_STARTED');
}, 30_000);

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);
if (!chromium) console.warn('the Web UI is not looked at: there is no Chromium on this machine');

(chromium ? test : test.skip)(
  'started from the Web UI it runs, and the page reads like the procedure',
  async () => {
    const { temporal } = await lab.status();
    const browser = await playwright.launch({
      executablePath: chromium,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    });
    try {
      const page = await browser.newPage({ viewport: { width: 1400, height: 2000 } });
      const workflows = `${temporal.ui}/namespaces/default/workflows`;
      await page.goto(`${workflows}/start-workflow?workflowId=from-the-ui&taskQueue=runbooks&workflowType=dailyBackup`);
      await page.locator('[contenteditable=true]').first().click();
      await page.keyboard.type('{}');
      await page.getByTestId('start-workflow-button').click();
      expect((await lab.ended('from-the-ui')).status).toBe('completed');

      const { runId } = await lab.json<Report>('report', 'from-the-ui');
      await page.goto(`${workflows}/from-the-ui/${runId}/user-metadata`);
      const steps = [
        'Start server backup',
        'Take production down',
        'Copy what changed',
        'Bring production up',
        'Read the archive back',
      ];
      await page
        .getByText(steps.at(-1) ?? '')
        .first()
        .waitFor();
      const text = await page.locator('main').innerText();
      const places = steps.map((step) => text.indexOf(step));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(places.every((place) => place >= 0)).toBe(true);
    } finally {
      await browser.close();
    }
  },
  120_000,
);

test('production taken down by an operator stays down, and the backup says who did it', async () => {
  await lab.succeed('run', 'production', '--set', 'action=down', '--set', 'by=kari', '--set', 'reason=new switch');
  const report = await lab.backup();
  expect(report).toMatchObject({ status: 'failed', failure: { type: 'PreconditionFailed' } });
  expect(report.failure?.message).toMatch(/kari: new switch/);
  expect((await lab.status()).serving).toBe('fallback');
  await lab.succeed('run', 'production', '--set', 'action=up');
  expect((await lab.status()).serving).toBe('production');
}, 120_000);

test.each([
  [['--set', 'keep=0'], /keep: found 0, expected at least 1/],
  [['--set', 'kep=3'], /kep: unknown key, .*did you mean keep\?/],
  [['--site', 'nowhere'], /nowhere.*lab/],
] as const)('a bad input is refused before anything starts: %j', async (words, expected) => {
  const { exitCode, stderr } = await lab.run('run', 'daily-backup', ...words);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(expected);
});

test('a typo in a site file is shown with line and column', async () => {
  const sites = mkdtempSync(join(tmpdir(), 'sites-'));
  const text = readFileSync(join(lab.directory, 'sites', 'lab.yaml'), 'utf8');
  writeFileSync(join(sites, 'lab.yaml'), text.replace('floatingIp:', 'floatingIP:'));
  const { exitCode, stdout, stderr } = await lab.run('validate', join(sites, 'lab.yaml'));
  rmSync(sites, { recursive: true });
  expect(exitCode).toBe(2);
  expect(stdout + stderr).toMatch(/lab\.yaml:\d+:\d+: .*floatingIP/);
});

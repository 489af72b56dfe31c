import { once } from 'node:events';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { temporalConfig } from '../../workers/config';
import { pollersOf } from '../../workers/pollers';
import { projectRoot } from '../../workers/project';
import { checkSearchAttributes, registerSearchAttributes } from '../../workers/setup';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';
import { goodSite, siteDirectory } from '../cli/fixture/site';

let temporal: TemporalServer;
let connection: Connection;
const bare = 'bare';

beforeAll(async () => {
  temporal = await startTemporal();
  connection = await Connection.connect({ address: temporal.address });
  await connection.workflowService.registerNamespace({
    namespace: bare,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await until('the namespace is known', () =>
    connection.operatorService.listSearchAttributes({ namespace: bare }).then(
      () => true,
      () => false,
    ),
  );
}, 60_000);

afterAll(async () => {
  // One that hangs must not outlive the test.
  for (const child of started) child.kill('SIGKILL');
  await connection?.close();
  await temporal?.close();
});

const started: ChildProcess[] = [];

/** The real worker, as an operator starts it. */
function startWorker(namespace: string, ...words: string[]) {
  const child = spawn(process.execPath, [join(projectRoot, 'bin', 'runbook.js'), 'worker', ...words], {
    env: {
      ...process.env,
      RUNBOOK_LAB: '/nowhere',
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: namespace,
      RUNBOOK_SITES: siteDirectory({ far: goodSite.replace('cloud: lab', 'cloud: none') }),
    },
  });
  started.push(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (said.stdout += String(data)));
  child.stderr.on('data', (data) => (said.stderr += String(data)));
  return { child, said, ended: once(child, 'exit') };
}

test('a worker refuses a namespace in which runs would hang, and says what to do', async () => {
  const { child, said, ended } = startWorker(bare);
  await ended;
  expect(child.exitCode).toBe(2);
  expect(said.stderr).toContain('namespace bare lacks search attributes (RunbookName, ');
  expect(said.stderr).toContain('run `runbook setup`');
  expect(said.stdout).toBe('');
}, 60_000);

test('a worker says ready when the server has seen it poll, looks at production, and ends when asked to', async () => {
  const { child, said, ended } = startWorker('default', '--queue', 'elsewhere');
  await until('ready', async () => said.stderr.split('\n').includes('ready'), 40);
  for (const queue of ['elsewhere', 'elsewhere-guard'])
    expect(await pollersOf(connection, 'default', queue)).toEqual([
      expect.stringMatching(`^${child.pid}@.*/${queue}$`),
    ]);
  // Its cloud is not in any clouds.yaml.
  await until('production was looked at', async () => said.stderr.includes('cannot look at production of far'));
  child.kill('SIGTERM');
  await ended;
  expect(child.exitCode).toBe(0);
}, 60_000);

test('with --only guard just the guards are served', async () => {
  const { child, said, ended } = startWorker('default', '--queue', 'third', '--only', 'guard');
  await until('ready', async () => said.stderr.split('\n').includes('ready'), 40);
  expect(await pollersOf(connection, 'default', 'third')).toEqual([]);
  child.kill('SIGTERM');
  await ended;
}, 60_000);

test('a versioned worker says that it gets no work until its build is current, and with --promote that it is', async () => {
  const waiting = startWorker('default', '--queue', 'fourth', '--only', 'runbooks', '--versioned');
  await until('ready', async () => waiting.said.stderr.split('\n').includes('ready'), 40);
  expect(waiting.said.stderr).toMatch(
    /^build [0-9a-f]{12} is not current \(no build is current, and it gets no work\)/m,
  );
  waiting.child.kill('SIGTERM');
  const promoted = startWorker('default', '--queue', 'fourth', '--versioned', '--promote');
  await until('ready', async () => promoted.said.stderr.split('\n').includes('ready'), 40);
  expect(promoted.said.stderr).toMatch(/^build [0-9a-f]{12} is current$/m);
  promoted.child.kill('SIGTERM');
  await Promise.all([waiting.ended, promoted.ended]);
}, 90_000);

test('without a server a worker ends with 3', async () => {
  const child = spawn(process.execPath, [join(projectRoot, 'bin', 'runbook.js'), 'worker'], {
    env: { ...process.env, RUNBOOK_LAB: '/nowhere', TEMPORAL_ADDRESS: '127.0.0.1:1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  let said = '';
  child.stderr.on('data', (data) => (said += String(data)));
  await once(child, 'exit');
  expect(child.exitCode).toBe(3);
  expect(said).toContain('Temporal cannot be reached at 127.0.0.1:1');
}, 60_000);

test('setup registers what is missing, once, and refuses another type', async () => {
  const missing = ['RunbookName', 'RunbookSite', 'RunbookPhase', 'RunbookDryRun', 'RunbookOutcome'];
  expect(await checkSearchAttributes(connection, bare)).toEqual({ missing, wrongType: [] });
  expect(await registerSearchAttributes(connection, bare)).toEqual(missing);
  await until('they are there', async () => !(await checkSearchAttributes(connection, bare)).missing.length);
  expect(await registerSearchAttributes(connection, bare)).toEqual([]);

  await connection.operatorService.removeSearchAttributes({ namespace: bare, searchAttributes: ['RunbookPhase'] });
  await connection.operatorService.addSearchAttributes({ namespace: bare, searchAttributes: { RunbookPhase: 5 } });
  await until('another type is there', async () => (await checkSearchAttributes(connection, bare)).wrongType.length);
  await expect(registerSearchAttributes(connection, bare)).rejects.toThrow(
    'search attributes of namespace bare have another type: RunbookPhase should be KEYWORD; remove them first',
  );
});

describe('where Temporal is', () => {
  test('a file or variables that are not there mean the default', () => {
    expect(temporalConfig({ HOME: '/nowhere' })).toEqual({
      connection: expect.objectContaining({ address: '127.0.0.1:7233' }) as unknown,
      namespace: 'default',
    });
  });
  test('variables win', () => {
    expect(temporalConfig({ TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_NAMESPACE: 'ops' })).toMatchObject({
      connection: { address: 'temporal.example:7233' },
      namespace: 'ops',
    });
  });
  test('a configuration file that was named has to be there', () => {
    expect(() => temporalConfig({ TEMPORAL_CONFIG_FILE: '/nowhere.toml' })).toThrow('/nowhere.toml');
  });
});

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replayHistories } from '../../cli/replay/replayer';
import { fromFile } from '../../cli/replay/sources';
import { traceFileOf } from '../../cli/replay/trace-file';
import { type Verdict, verdictOf, verdictText } from '../../cli/replay/verdict';
import { projectRoot } from '../../workers/project';
import { ChangedCopy } from '../replay/changed-copy';
import { runbookCommand } from './fixture/command';

const histories = join(projectRoot, 'test', 'replay', 'histories');
const completed = join(histories, 'daily-backup-completed.json');

let copy: ChangedCopy;
let directory: string;

jest.setTimeout(120_000);

beforeEach(() => {
  copy = new ChangedCopy();
  directory = mkdtempSync(join(tmpdir(), 'replay-'));
});

afterEach(() => {
  copy.remove();
  rmSync(directory, { recursive: true, force: true });
});

/** What the changed copy does with the history of a backup that went well. */
async function verdictOfChanged(): Promise<Verdict> {
  for await (const replayed of replayHistories(copy.root, [fromFile(completed)])) return verdictOf(replayed);
  throw new Error('nothing was replayed');
}

/** The history of that backup and its trace, where a test may change them. */
function ownHistory(): { readonly history: string; readonly trace: string } {
  const history = join(directory, 'own.json');
  copyFileSync(completed, history);
  copyFileSync(traceFileOf(completed), traceFileOf(history));
  return { history, trace: traceFileOf(history) };
}

test('two steps that change places are found at the line of the one that comes too early', async () => {
  const first = 'requireProduction(site, await ops.do(act.readProduction({ production })));';
  const second = 'const engine = await ops.do(act.readDatabase({ database }));';
  copy.change('workflows/daily-backup.ts', second, '');
  const line = copy.change('workflows/daily-backup.ts', first, `${second} ${first}`);
  const verdict = await verdictOfChanged();
  expect(verdict.difference).toMatchObject({ kind: 'order', eventType: 'ActivityTaskScheduled', line });
  expect(verdictText(verdict)).toMatch(
    /event \d+ .*readProduction .*was recorded; activity readDatabase .*is asked for/,
  );
  expect(verdictText(verdict)).toContain('patched(');
});

test("another input of a step is found in the trace, with the step's line and the field", async () => {
  const line = copy.change(
    'workflows/daily-backup.ts',
    'act.checkBackupHost({ workplace, database })',
    'act.checkBackupHost({ workplace, database: { ...database, http: "x:1" } })',
  );
  const { difference } = await verdictOfChanged();
  expect(difference).toMatchObject({ kind: 'content', eventType: 'ActivityTaskScheduled', line });
  expect(difference?.text).toMatch(
    /activity checkBackupHost .*now input=\w+, in the trace input=\w+; the input differs at \[0\]\.database\.http$/,
  );
});

test("another timeout of an action is found in the trace, at the step's line, and is no matter of order", async () => {
  copy.change('workflows/contract/actions/database.ts', 'withinSeconds + 30', 'withinSeconds + 31');
  for await (const replayed of replayHistories(copy.root, [fromFile(completed)])) {
    const { difference } = verdictOf(replayed);
    expect(difference?.kind).toBe('content');
    expect(difference?.line).toMatch(/^workflows\/procedures\/copy-strategies\.ts:\d+$/);
    expect(difference?.text).toMatch(
      /activity stopDatabase .*now start-to-close=39s, in the trace start-to-close=38s$/,
    );
    expect(verdictOf(replayed, { orderOnly: true }).difference).toBeNull();
  }
  expect.assertions(4);
});

test('a child of another id is another command', async () => {
  copy.change('workflows/contract/messages.ts', '`guard/${workflowId}`', '`guardian/${workflowId}`');
  const { difference } = await verdictOfChanged();
  expect(difference?.kind).toBe('order');
  expect(difference?.line).toMatch(/^workflows\/daily-backup\.ts:\d+$/);
  expect(difference?.text).toMatch(/child guard guard\/.* was recorded; child guard guardian\/.* is asked for now, at/);
});

test('code that fails on a history is found with what it says', async () => {
  const after = 'requireHealthy(database, engine);';
  copy.change('workflows/daily-backup.ts', after, `${after} throw new TypeError('not a \\'failure\\'');`);
  const verdict = await verdictOfChanged();
  expect(verdict.difference).toMatchObject({
    kind: 'failure',
  });
  expect(verdict.difference?.line).toMatch(/^workflows\/daily-backup\.ts:\d+$/);
  expect(verdict.difference?.text).toContain("not a 'failure'");
});

test('replay of files needs no server, judges by the traces, and fails if one differs', async () => {
  const { history, trace } = ownHistory();
  const to = traceFileOf(join(directory, 'agreed.json'));
  copyFileSync(completed, join(directory, 'agreed.json'));
  copyFileSync(trace, to);
  // No history keeps what a cancellation does: only the trace does.
  writeFileSync(
    trace,
    readFileSync(trace, 'utf8').replace('cancellation=wait-cancellation-completed', 'cancellation=abandon'),
  );
  const ended = await runbookCommand(
    { TEMPORAL_ADDRESS: '127.0.0.1:1' },
    'replay',
    join(directory, 'agreed.json'),
    history,
  );
  expect(ended.exitCode).toBe(1);
  const [agreed, changed] = ended.stdout.split('\n');
  expect(agreed).toMatch(/^same .*agreed\.json: \d+ commands$/);
  expect(changed).toMatch(/now cancellation=wait-cancellation-completed, in the trace cancellation=abandon/);
  expect(changed).toContain(`runbook history trace ${history}`);

  expect((await runbookCommand({}, 'history', 'trace', history)).exitCode).toBe(0);
  expect(readFileSync(trace, 'utf8')).toBe(readFileSync(to, 'utf8'));
});

test('replay says what it cannot replay', async () => {
  const noHistory = join(projectRoot, 'package.json');
  expect(await runbookCommand({}, 'replay')).toMatchObject({ exitCode: 2 });
  expect(await runbookCommand({}, 'replay', 'gone.json')).toMatchObject({
    exitCode: 2,
    stderr: 'there is no file gone.json\n',
  });
  expect(await runbookCommand({}, 'replay', noHistory)).toMatchObject({ exitCode: 2 });
});

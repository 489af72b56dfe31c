import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundle } from '../support/site-worker';

const directory = join(__dirname, 'histories');
const files = readdirSync(directory).filter((file) => file.endsWith('.json'));

beforeAll(() => Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] }));

function load(file: string): { workflowId: string; type: string; history: unknown } {
  const history: unknown = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const started = historyFromJSON(history).events?.[0]?.workflowExecutionStartedEventAttributes;
  // Ids of children follow from the run's own.
  return { workflowId: started?.workflowId ?? '', type: started?.workflowType?.name ?? '', history };
}

test('there is a history of every workflow', () => {
  expect([...new Set(files.map((file) => load(file).type))].sort()).toEqual([
    'catalogue',
    'dailyBackup',
    'guard',
    'lock',
    'production',
  ]);
});

test.each(files)(
  "today's code still makes the commands of %s",
  async (file) => {
    const { history, workflowId } = load(file);
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, workflowId);
  },
  60_000,
);

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replayHistories } from '../../cli/replay/replayer';
import { fromFile } from '../../cli/replay/sources';
import { traceFileOf } from '../../cli/replay/trace-file';
import { type Verdict, verdictOf, verdictText } from '../../cli/replay/verdict';
import { companions } from '../../workflows/contract/messages';
import { runbooks } from '../../workflows/contract/runbooks';
import { projectRoot } from '../../workers/project';

const directory = join(__dirname, 'histories');
const files = readdirSync(directory).filter((file) => file.endsWith('.json'));
const verdicts = new Map<string, Verdict>();

beforeAll(async () => {
  const sources = files.map((file) => ({ ...fromFile(join(directory, file)), name: file }));
  for await (const replayed of replayHistories(projectRoot, sources))
    verdicts.set(replayed.source.name, verdictOf(replayed));
}, 120_000);

test('there is a history of every workflow', () => {
  const types = [...Object.values(runbooks).map(({ workflow }) => workflow), ...Object.values(companions)];
  const recorded = new Set([...verdicts.values()].map(({ workflowType }) => workflowType));
  expect([...recorded].sort()).toEqual(types.sort());
});

// What a failure shows: the event, the line of workflow code, and the next move.
test.each(files)("today's code still makes the commands of %s, and as its trace says", (file) => {
  const verdict = verdicts.get(file) as Verdict;
  expect(existsSync(traceFileOf(join(directory, file)))).toBe(true);
  expect(verdictText(verdict)).toBe(`same     ${file}: ${verdict.commands} commands`);
});

test('a trace holds every command of its history', () => {
  const trace = readFileSync(join(directory, 'daily-backup-completed.trace'), 'utf8');
  expect(trace.match(/^ *\d+ {2}/gm)).toHaveLength(verdicts.get('daily-backup-completed.json')?.commands ?? 0);
});

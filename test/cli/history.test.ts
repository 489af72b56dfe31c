import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHistory, printHistory } from '../../cli/replay/history';
import { projectRoot } from '../../workers/project';

test('a history is kept without the place of the checkout that its stack traces come from', () => {
  const file = join(projectRoot, 'test', 'replay', 'histories', 'daily-backup-close-retried.json');
  const kept = readFileSync(file, 'utf8');
  const recorded = kept.replaceAll(/\((?=(activities|node_modules|workflows)\/)/g, '(/home/operator/runbooks/');
  expect(recorded).not.toBe(kept);
  const events = parseHistory(recorded) ?? [];
  expect(printHistory(events)).not.toContain('/home/operator');
  expect(parseHistory(printHistory(events))).toEqual(parseHistory(kept));
});

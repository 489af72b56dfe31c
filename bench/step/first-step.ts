import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { projectRoot } from '../../workers/project';
import { modelDocument } from '../../test/sim/site/document';
import { type TemporalServer } from '../../test/support/temporal-server';
import { type Workshop } from '../harness/bench';
import { activitiesOf } from '../support/history';

/** From the moment somebody types `runbook run` until the first step of the run begins, in ms. */
export function firstStep({ directory }: Workshop, { address, client }: TemporalServer): () => Promise<number> {
  const sites = join(directory, 'sites');
  mkdirSync(sites, { recursive: true });
  writeFileSync(join(sites, 'fake.yaml'), stringify(modelDocument));
  const env = { ...process.env, RUNBOOK_SITES: sites, TEMPORAL_ADDRESS: address, NO_COLOR: '1' };
  const words = ['run', 'production', '--set', 'action=status', '--detach', '--json'];
  return async () => {
    const typedAt = Date.now();
    const { stdout } = await promisify(execFile)(process.execPath, [join(projectRoot, 'bin', 'runbook.js'), ...words], {
      env,
    });
    const run = client.workflow.getHandle((JSON.parse(stdout) as { workflowId: string }).workflowId);
    await run.result();
    const first = (await activitiesOf(run)).find(({ type }) => type === 'readProduction');
    return (first?.startedAt ?? NaN) - typedAt;
  };
}

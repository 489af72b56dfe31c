import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { type Workshop } from '../harness/bench';

/** Bundles the workflows that a file exports. @returns the bundle's file */
export async function bundleOf({ directory }: Workshop, workflows: string): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath: workflows, logger: new DefaultLogger('ERROR') });
  const file = join(directory, 'workflow-bundle.js');
  writeFileSync(file, code);
  return file;
}

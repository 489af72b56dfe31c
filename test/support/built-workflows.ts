import { join } from 'node:path';
import { projectRoot } from '../../workers/project';

// Plain JavaScript that runs before anything is built.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { build } = require('../../bin/build') as { build: (root: string) => Promise<void> };

/** The file with today's workflows that workers are given, brought up to date: bundling takes seconds in each test file. */
export async function builtWorkflows(): Promise<string> {
  await build(projectRoot);
  return join(projectRoot, 'build', 'workflow-bundle.js');
}

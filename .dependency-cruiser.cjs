'use strict';

/** The folders import downward only: see docs/concepts.md, "Where things are". */
const forbid = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

module.exports = {
  forbidden: [
    forbid('no-circular', {}, { circular: true }, 'Two files that need each other are one concept, or hide a third.'),
    forbid(
      'contract-imports-only-zod',
      { path: '^workflows/contract' },
      { pathNot: ['^workflows/contract', '^node_modules/(zod|@noble/hashes)/'] },
      'Every side imports the contract, so it may drag nothing in.',
    ),
    forbid(
      'planners-are-pure',
      { path: '^workflows/planners' },
      { pathNot: ['^workflows/(planners|contract)', '^node_modules/@noble/hashes/'] },
      'Decisions are plain functions: no Temporal, no Node, no clock.',
    ),
    forbid(
      'workflows-are-deterministic',
      { path: '^workflows' },
      { pathNot: ['^workflows', '^node_modules/(@temporalio/(workflow|common)|zod|@noble/hashes)/'] },
      'Workflow code runs in the sandbox and is replayed.',
    ),
    forbid(
      'activities-know-only-the-contract',
      { path: '^activities' },
      { path: '^(cli|workers|lab|test|bench|workflows/(?!contract))' },
      'Activities import downward: the contract, nothing above.',
    ),
    forbid(
      'workers-import-downward',
      { path: '^workers' },
      { path: '^(cli|lab|test|bench)' },
      'cli -> workers -> activities.',
    ),
    forbid(
      'lab-knows-no-runbooks',
      { path: '^lab' },
      { path: '^(cli|workers|activities|workflows|test|bench)' },
      'The lab is a site: it holds no knowledge of runbooks.',
    ),
    forbid(
      'product-knows-no-lab',
      { path: '^(workflows|activities|workers|cli)', pathNot: '^cli/(lab|start)' },
      { path: '^(lab|test|bench)' },
      'Only the lab commands of the CLI import the lab.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};

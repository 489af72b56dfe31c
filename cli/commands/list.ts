import { type Command } from 'commander';
import { runbooks } from '../../workflows/contract/runbooks';
import { type Context } from '../context';
import { table } from '../render/table';

/** `list`: every runbook there is. */
export function addList(program: Command, { output }: Context): void {
  program
    .command('list')
    .description('the runbooks there are')
    .option('--json', 'print them as one JSON document')
    .action(({ json }: { json?: boolean }) => {
      const all = Object.entries(runbooks).map(([runbook, { workflow, summary }]) => ({ runbook, workflow, summary }));
      if (json) output.json(all);
      else output.print(table(all.map(({ runbook, summary }) => [runbook, summary])));
    });
}

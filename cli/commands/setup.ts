import { type Command } from 'commander';
import { registerSearchAttributes } from '../../workers/setup';
import { type Context } from '../context';
import { withTemporal } from '../temporal';

/** `setup`: what a namespace needs once. */
export function addSetup(program: Command, context: Context): void {
  program
    .command('setup')
    .description('register the search attributes that runs set of themselves; safe to repeat')
    .option('--json', 'print what was registered as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      await withTemporal(context, async ({ connection, namespace, address }) => {
        const registered = await registerSearchAttributes(connection, namespace);
        if (json) context.output.json({ address, namespace, registered });
        else
          context.output.print([
            registered.length
              ? `registered in namespace ${namespace}: ${registered.join(', ')}`
              : `namespace ${namespace} has everything already`,
          ]);
      });
    });
}

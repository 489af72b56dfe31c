import { type Command } from 'commander';
import { type Plan } from '../../workflows/contract/plan';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { follow } from '../follow/follow';
import { type Screen } from '../follow/screen';
import { planLines } from '../report/plan-text';
import { type RunOptions, withInputOptions } from '../run/options';
import { prepareRun, startRun } from '../run/start-run';
import { withTemporal } from '../temporal';

/** `plan <runbook>`: the same code as a run, with its changes turned into descriptions. */
export function addPlan(program: Command, context: Context): void {
  withInputOptions(program.command('plan <runbook>'))
    .description('say what a run would do, step by step, and change nothing')
    .option('--json', 'print the plan as one JSON document')
    .action(async (name: string, options: RunOptions) => {
      const run = await prepareRun(context, name, options, { dryRun: true });
      await withTemporal(context, async (access) => {
        const observer = await startRun(access, run);
        const { report } = await follow(observer, wordsOnly(context));
        if (report.status !== 'completed')
          throw new CommandError(
            ExitCode.failed,
            `no plan, ${report.status}: ${report.failure?.message ?? ''} (${report.workflowId})`,
          );
        const { plan } = report.result as { readonly plan: Plan };
        if (options.json) context.output.json(plan);
        else context.output.print(planLines(plan, context.output.style));
      });
    });
}

/** Steps that are only described are not shown as they go by: they would look like the real ones. */
function wordsOnly({ output }: Context): Screen {
  return { show: () => {}, say: (line) => output.say(line), end: () => {} };
}

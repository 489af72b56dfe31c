import { type Command } from 'commander';
import { type Context } from '../context';
import { ExitCode } from '../exit';
import { follow } from '../follow/follow';
import { screenFor } from '../follow/screen-for';
import { reportLines } from '../report/text';
import { type RunReport } from '../report/report';
import { prepareRun, startRun } from '../run/start-run';
import { type RunOptions, withInputOptions } from '../run/options';
import { withTemporal } from '../temporal';

/** `run <runbook>`: starts a run, shows it while it goes on, and ends as it does. */
export function addRun(program: Command, context: Context): void {
  withInputOptions(program.command('run <runbook>'))
    .description('start a runbook and follow it to its end')
    .option('--detach', 'return as soon as a worker has taken it')
    .option('--json', 'print the report as one JSON document')
    .action(async (name: string, options: RunOptions) => {
      const run = await prepareRun(context, name, options);
      await withTemporal(context, async (access) => {
        const observer = await startRun(access, run);
        context.output.say(`started ${observer.workflowId}`);
        if (options.detach) context.output.say(`follow it: runbook watch ${observer.workflowId}`);
        const { report } = options.detach
          ? await observer.look()
          : await follow(observer, screenFor({ stream: context.output.stderr, env: context.env }));
        showReport(context, report, options);
      });
    });
}

/** Prints a report; the exit code says whether the run did what it should. */
export function showReport(context: Context, report: RunReport, { json }: { readonly json?: boolean }): void {
  const { output } = context;
  if (json) output.json(report);
  else output.print(reportLines(report, output.style));
  const ended = report.status !== 'running' && report.status !== 'completed';
  context.exit(ended ? ExitCode.failed : ExitCode.done);
}

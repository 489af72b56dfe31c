import { Command } from 'commander';
import { addAbort } from './commands/abort';
import { addBackups } from './commands/backups';
import { addApprove, addReject } from './commands/decide';
import { addDescribe } from './commands/describe';
import { addDoctor } from './commands/doctor';
import { addHistory } from './commands/history';
import { addLab } from './commands/lab';
import { addList } from './commands/list';
import { addLocks } from './commands/locks';
import { addPlan } from './commands/plan';
import { addReplay } from './commands/replay';
import { addReport } from './commands/report';
import { addRun } from './commands/run';
import { addRuns } from './commands/runs';
import { addSchedules } from './commands/schedules';
import { addSetup } from './commands/setup';
import { addStart } from './commands/start';
import { addValidate } from './commands/validate';
import { addWatch } from './commands/watch';
import { addWorker } from './commands/worker';
import { type Context } from './context';

const commands = [
  addList,
  addDescribe,
  addPlan,
  addRun,
  addRuns,
  addWatch,
  addReport,
  addApprove,
  addReject,
  addAbort,
  addBackups,
  addLocks,
  addSchedules,
  addHistory,
  addReplay,
  addValidate,
  addSetup,
  addWorker,
  addDoctor,
  addLab,
  addStart,
];

/** The `runbook` command with all that it can do. */
export function createProgram(context: Context): Command {
  const program = new Command('runbook')
    .description('Operations procedures as durable Temporal workflows')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.output.print([text.trimEnd()]),
      writeErr: (text) => context.output.say(text.trimEnd()),
    })
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError('(--help says what there is)')
    .addHelpText(
      'after',
      [
        '',
        'Exit codes: 0 done; 1 the run failed or was ended early; 2 bad usage, input or site file;',
        '3 Temporal, a worker or the lab cannot be reached. With --json, stdout holds one JSON document.',
      ].join('\n'),
    );
  for (const add of commands) add(program, context);
  return program;
}

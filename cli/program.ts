import { Command } from 'commander';
import { type Context } from './context';

type Add = (program: Command, context: Context) => void;

/** In the order of the help. Each is loaded when it is wanted: loading a worker or a lab takes longer than most commands. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  list: async () => (await import('./commands/list')).addList,
  describe: async () => (await import('./commands/describe')).addDescribe,
  plan: async () => (await import('./commands/plan')).addPlan,
  run: async () => (await import('./commands/run')).addRun,
  runs: async () => (await import('./commands/runs')).addRuns,
  watch: async () => (await import('./commands/watch')).addWatch,
  report: async () => (await import('./commands/report')).addReport,
  approve: async () => (await import('./commands/decide')).addApprove,
  reject: async () => (await import('./commands/decide')).addReject,
  abort: async () => (await import('./commands/abort')).addAbort,
  backups: async () => (await import('./commands/backups')).addBackups,
  locks: async () => (await import('./commands/locks')).addLocks,
  schedules: async () => (await import('./commands/schedules')).addSchedules,
  history: async () => (await import('./commands/history')).addHistory,
  replay: async () => (await import('./commands/replay')).addReplay,
  validate: async () => (await import('./commands/validate')).addValidate,
  setup: async () => (await import('./commands/setup')).addSetup,
  worker: async () => (await import('./commands/worker')).addWorker,
  doctor: async () => (await import('./commands/doctor')).addDoctor,
  lab: async () => (await import('./commands/lab')).addLab,
  start: async () => (await import('./commands/start')).addStart,
};

/**
 * The `runbook` command.
 *
 * @param word the first one of the command line: it gets that command alone, or all of them if there is none of that name
 */
export async function createProgram(context: Context, word = ''): Promise<Command> {
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
  const wanted = Object.hasOwn(commands, word) ? [commands[word]!] : Object.values(commands);
  for (const load of wanted) (await load())(program, context);
  return program;
}

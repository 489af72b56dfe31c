import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { temporalConfig } from '../../workers/config';
import { type WorkerPart } from '../../workers/worker';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';

interface WorkerFlags {
  readonly only?: WorkerPart;
  readonly queue: string;
  readonly versioned?: boolean;
  readonly promote?: boolean;
}

/** `worker`: works in the foreground until told to stop. */
export function addWorker(program: Command, context: Context): void {
  program
    .command('worker')
    .description('a worker in the foreground, for runs and for their guards; prints "ready" on stderr once it polls')
    .addOption(new Option('--only <part>', 'one of the two queues').choices(['runbooks', 'guard']))
    .option('--queue <name>', "a site's own queue; guards poll <name>-guard", 'runbooks')
    .option('--versioned', 'as the build that the hash of the workflow code names: a run ends on the build it began on')
    .option('--promote', 'with --versioned: make this build the current one, which gets the new runs')
    .addHelpText(
      'after',
      [
        '',
        'Guards, locks and catalogues move to the current build at once, so that a guard does not end with the workers',
        'of the build it began on. A versioned worker gets no new runs until its build is current.',
        '`runbook doctor` says which builds open runs still need.',
      ].join('\n'),
    )
    .action(async ({ only, queue, versioned, promote }: WorkerFlags) => {
      if (promote && !versioned) throw new CommandError(ExitCode.usage, '--promote goes with --versioned');
      // All that a worker needs takes long to load: not for the help.
      const { NotSetUp, runWorker, TemporalUnreachable } = await import('../../workers/worker');
      const { activitiesForWorker } = await import('../../workers/activities');
      const { env, root, sites, output } = context;
      const say = (line: string) => output.say(line);
      try {
        await runWorker({
          temporal: temporalConfig(env),
          queue,
          only,
          versioned: promote ? 'promoted' : versioned ? 'as it is' : undefined,
          bundleFile: join(root, 'build', 'workflow-bundle.js'),
          createActivities: (client) =>
            activitiesForWorker({ client, env, sites, home: homedir(), cwd: process.cwd() }),
          onReady: async (_client, { watchBackups, reportOpenBrackets }) => {
            await watchBackups(say);
            await reportOpenBrackets(say);
          },
          until: parentIsGone(),
          say,
        });
      } catch (error) {
        if (error instanceof NotSetUp) throw new CommandError(ExitCode.usage, error.message);
        if (error instanceof TemporalUnreachable) throw new CommandError(ExitCode.unreachable, error.message);
        throw error;
      }
    });
}

/** A worker that was started with a channel to its parent does not outlive it. */
function parentIsGone(): AbortSignal {
  const gone = new AbortController();
  process.once('disconnect', () => gone.abort());
  return gone.signal;
}

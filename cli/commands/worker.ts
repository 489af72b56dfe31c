import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { temporalConfig } from '../../workers/config';
import { NotSetUp, runWorker, TemporalUnreachable, type WorkerPart } from '../../workers/worker';
import { activitiesForWorker } from '../../workers/activities';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';

/** `worker`: works in the foreground until told to stop. */
export function addWorker(program: Command, context: Context): void {
  program
    .command('worker')
    .description('a worker in the foreground, for runs and for their guards; prints "ready" on stderr once it polls')
    .addOption(new Option('--only <part>', 'one of the two queues').choices(['runbooks', 'guard']))
    .option('--queue <name>', "a site's own queue; guards poll <name>-guard", 'runbooks')
    .action(async ({ only, queue }: { only?: WorkerPart; queue: string }) => {
      const { env, root, sites, output } = context;
      const say = (line: string) => output.say(line);
      try {
        await runWorker({
          temporal: temporalConfig(env),
          queue,
          only,
          bundleFile: join(root, 'build', 'workflow-bundle.js'),
          createActivities: (client) =>
            activitiesForWorker({ client, env, sites, home: homedir(), cwd: process.cwd() }),
          onReady: (_client, { reportOpenBrackets }) => reportOpenBrackets(say),
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

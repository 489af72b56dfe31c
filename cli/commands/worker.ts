import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { temporalConfig } from '../../workers/config';
import { NotSetUp, runWorker, type WorkerPart } from '../../workers/worker';
import { activitiesForWorker } from '../../workers/activities';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { unreachable } from '../temporal';

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
      const temporal = temporalConfig(env);
      try {
        await runWorker({
          temporal,
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
        if (!unreachable(error)) throw error;
        throw new CommandError(ExitCode.unreachable, `Temporal cannot be reached at ${temporal.connection.address}`);
      }
    });
}

/** A worker that was started with a channel to its parent does not outlive it. */
function parentIsGone(): AbortSignal {
  const gone = new AbortController();
  process.once('disconnect', () => gone.abort());
  return gone.signal;
}

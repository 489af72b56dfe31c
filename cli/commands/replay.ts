import { type Command } from 'commander';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { replayHistories, type Source } from '../replay/replayer';
import { fromFile, fromServer, namesFile, openOnServer } from '../replay/sources';
import { type Verdict, verdictOf, verdictText } from '../replay/verdict';
import { withTemporal } from '../temporal';

interface ReplayOptions {
  readonly open?: boolean;
  readonly orderOnly?: boolean;
  readonly json?: boolean;
}

/** `replay`: whether the workflow code of today still makes the commands that histories hold. */
export function addReplay(program: Command, context: Context): void {
  program
    .command('replay')
    .description("whether today's workflow code still makes the commands of a history; carries nothing out")
    .argument('[history...]', 'files of `history save`, which need no server, and workflow ids')
    .option('--open', 'every run, guard, lock and catalogue that is open on the server')
    .option('--order-only', 'only which commands and in what order, as Temporal itself: no inputs, titles, options')
    .option('--json', 'print the verdicts as one JSON document')
    .addHelpText('after', '\nExit codes: 0 all of them; 1 some are not made, or otherwise; 2 no such file or run.')
    .action(async (histories: string[], options: ReplayOptions) => {
      if (histories.length === 0 && !options.open)
        throw new CommandError(ExitCode.usage, 'replay what? Name files or workflow ids, or say --open');
      const replay = async (sources: AsyncIterable<Source> | Iterable<Source>) => {
        const verdicts: Verdict[] = [];
        for await (const replayed of replayHistories(context.root, sources)) {
          const verdict = verdictOf(replayed, options);
          verdicts.push(verdict);
          if (!options.json) context.output.print([verdictText(verdict)]);
        }
        if (options.json) context.output.json(verdicts);
        else if (verdicts.length === 0) context.output.print(['nothing is open']);
        if (verdicts.some(({ difference }) => difference)) context.exit(ExitCode.failed);
      };
      const files = histories.filter(namesFile).map(fromFile);
      const runs = histories.filter((word) => !namesFile(word));
      if (runs.length === 0 && !options.open) return await replay(files);
      await withTemporal(context, async ({ client }) => {
        const named = await Promise.all(runs.map((workflowId) => fromServer(client, workflowId)));
        await replay(chain(files, named, options.open ? openOnServer(client) : []));
      });
    });
}

async function* chain<T>(...parts: readonly (AsyncIterable<T> | Iterable<T>)[]): AsyncGenerator<T> {
  for (const part of parts) yield* part;
}

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command } from 'commander';
import { type Context } from '../context';
import { ExitCode } from '../exit';
import { printHistory } from '../replay/history';
import { replayHistories } from '../replay/replayer';
import { fromFile, fromServer } from '../replay/sources';
import { traceFileOf, writeTrace } from '../replay/trace-file';
import { verdictOf, verdictText } from '../replay/verdict';
import { withTemporal } from '../temporal';

/** `history save <workflow>`, `history trace <file>`: keeps histories, to be replayed against tomorrow's code. */
export function addHistory(program: Command, context: Context): void {
  const history = program.command('history').description('keep the histories of runs, guards and locks');
  history
    .command('save <workflow>')
    .description(
      'write the history of a run, by its workflow id, as JSON, and its trace beside it: `guard/<run>` is that of its guard',
    )
    .option('--run-id <id>', 'one execution of it; default: the latest')
    .option('--to <file>', 'default: <workflow id>.json here, with _ for /')
    .action(async (workflowId: string, { runId, to }: { runId?: string; to?: string }) => {
      const file = resolve(to ?? `${workflowId.replaceAll(/[^A-Za-z0-9.-]+/g, '_')}.json`);
      await withTemporal(context, async ({ client }) => {
        const { events } = await fromServer(client, workflowId, runId);
        writeFileSync(file, `${printHistory(events)}\n`);
        context.output.say(`${file}: ${events.length} events`);
      });
      await writeTraces(context, [file]);
    });
  history
    .command('trace <file...>')
    .description("write the traces of saved histories anew: what today's code asks for at each event")
    .action((files: string[]) => writeTraces(context, files));
}

/** Exit code 1 where the code does not make the commands at all: there is nothing to agree to then. */
async function writeTraces(context: Context, files: readonly string[]): Promise<void> {
  for await (const replayed of replayHistories(context.root, files.map(fromFile))) {
    const verdict = verdictOf(replayed, { orderOnly: true });
    if (verdict.difference) {
      context.output.say(verdictText(verdict));
      context.exit(ExitCode.failed);
      continue;
    }
    writeTrace(replayed.source.name, replayed);
    context.output.say(`${traceFileOf(replayed.source.name)}: ${verdict.commands} commands`);
  }
}

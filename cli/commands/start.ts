import { type Command } from 'commander';
import { type Context } from '../context';
import { databaseOption } from './lab';
import { start, type StartOptions } from '../start';

/** `start`: the whole thing, on the embedded site. */
export function addStart(program: Command, context: Context): void {
  program
    .command('start')
    .description('bring up lab, Temporal server and workers, run the daily backup live, and stay up')
    .option('--once', 'stop everything after the report; the exit code is the run’s')
    .addOption(databaseOption())
    .option('--json', 'print the report, with lab and backups, as one JSON document')
    .option('--temporal <address>', "another Temporal than the lab's own")
    .action((options: StartOptions) => start(context, options));
}

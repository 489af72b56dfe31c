import { type Command } from 'commander';

/** What `run` and `plan` take besides the runbook. */
export interface RunOptions {
  readonly site?: string;
  readonly set?: string[];
  readonly input?: string;
  readonly json?: boolean;
  readonly detach?: boolean;
}

/** Adds the options that make up a run's input. */
export function withInputOptions(command: Command): Command {
  return command
    .option('--site <site>', 'the site; default: RUNBOOK_SITE, else the only site file')
    .option(
      '--set <key=value>',
      'a field of the input, `a.b=value` for one inside another; may be repeated',
      (pair: string, all: string[] = []) => [...all, pair],
    )
    .option('--input <file>', 'a file with the input as one JSON object; - is standard input');
}

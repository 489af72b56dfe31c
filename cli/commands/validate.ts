import { readFileSync } from 'node:fs';
import { type Command } from 'commander';
import { parseSiteFile, type SiteFileProblem, siteProblemText } from '../../activities/site/site-file';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';

/** `validate [files]`: everything that is wrong with site files, with line and column. */
export function addValidate(program: Command, context: Context): void {
  const { output, sites } = context;
  program
    .command('validate [files...]')
    .description('check site files; default: all of them')
    .option('--json', 'print the outcome as one JSON document')
    .action((files: string[], { json }: { json?: boolean }) => {
      const checked = (files.length ? files : sites.files()).map(check);
      const problems = checked.flatMap((each) => each.problems);
      if (json) output.json(checked);
      else {
        output.print(problems.map(siteProblemText));
        output.say(
          `${checked.length} site file${checked.length === 1 ? '' : 's'}, ${problems.length} problem${problems.length === 1 ? '' : 's'}`,
        );
      }
      context.exit(problems.length ? ExitCode.usage : ExitCode.done);
    });
}

interface Checked {
  readonly file: string;
  readonly ok: boolean;
  readonly problems: readonly SiteFileProblem[];
}

function check(file: string): Checked {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(ExitCode.usage, `${file}: ${(error as Error).message}`);
  }
  const parsed = parseSiteFile(file, text);
  return { file, ok: parsed.ok, problems: parsed.ok ? [] : parsed.problems };
}

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Command } from 'commander';
import { parseSiteFile } from '../../activities/site/site-file';
import { fileProblemText, type FileProblem } from '../../activities/site/yaml-file';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { parseRunbookFile, runbookDirectory, runbookFiles } from '../schedules/files';

/** `validate [files]`: everything that is wrong with site and runbook files, with line and column. */
export function addValidate(program: Command, context: Context): void {
  const { output, sites } = context;
  program
    .command('validate [files...]')
    .description('check site and runbook files; default: all of them. Warnings do not count as problems')
    .option('--json', 'print the outcome as one JSON document')
    .action((files: string[], { json }: { json?: boolean }) => {
      const checked = (files.length ? files : [...sites.files(), ...runbookFiles(context)]).map((file) =>
        check(context, file),
      );
      const problems = checked.flatMap((each) => each.problems);
      const warnings = checked.flatMap((each) => each.warnings);
      if (json) output.json(checked);
      else {
        output.print([
          ...problems.map(fileProblemText),
          ...warnings.map((each) => fileProblemText({ ...each, message: `warning: ${each.message}` })),
        ]);
        const ofRunbooks = checked.filter(({ kind }) => kind === 'runbook').length;
        const counts = [
          count(checked.length - ofRunbooks, 'site file'),
          ...(ofRunbooks ? [count(ofRunbooks, 'runbook file')] : []),
          count(problems.length, 'problem'),
          ...(warnings.length ? [count(warnings.length, 'warning')] : []),
        ];
        output.say(counts.join(', '));
      }
      context.exit(problems.length ? ExitCode.usage : ExitCode.done);
    });
}

const count = (number: number, thing: string) => `${number} ${thing}${number === 1 ? '' : 's'}`;

interface Checked {
  readonly file: string;
  readonly kind: 'site' | 'runbook';
  readonly ok: boolean;
  readonly problems: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
}

function check(context: Context, file: string): Checked {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(ExitCode.usage, `${file}: ${(error as Error).message}`);
  }
  if (/^schedules:/m.test(text) || resolve(dirname(file)) === resolve(runbookDirectory(context))) {
    const { problems, warnings } = parseRunbookFile(file, text, context.sites.names(), Date.now());
    return { file, kind: 'runbook', ok: !problems.length, problems, warnings };
  }
  const parsed = parseSiteFile(file, text);
  return { file, kind: 'site', ok: parsed.ok, problems: parsed.ok ? [] : parsed.problems, warnings: [] };
}

import { type Command } from 'commander';
import { pollerSeenWithinMs } from '../../workers/pollers';
import { type Context } from '../context';
import { type Finding } from '../doctor/check';
import { checks } from '../doctor/checks';
import { ExitCode } from '../exit';
import { type TemporalAccess, unreachable, withTemporal } from '../temporal';

/** What the doctor prints of a check. */
export interface Diagnosis {
  readonly check: string;
  readonly findings: readonly Finding[];
}

/** `doctor`: whether what is needed to run, and to restore, is there. */
export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('look at the server, the workers and their builds; says what is wrong and the next move')
    .option('--json', 'print the findings as one JSON document')
    .addHelpText(
      'after',
      '\nChanges nothing. Exit code 0 where nothing is worse than a warning, 1 with a problem, 3 without a server.',
    )
    .action(async ({ json }: { json?: boolean }) => {
      const diagnoses = await withTemporal(context, (access) => diagnose({ ...access, sites: context.sites }));
      if (json) context.output.json(diagnoses);
      else context.output.print(diagnoses.flatMap(lines));
      if (diagnoses.some(({ findings }) => findings.some(({ level }) => level === 'problem')))
        context.exit(ExitCode.failed);
    });
}

/**
 * What every check finds. One that cannot be made is a problem of its own, and hides no other.
 *
 * @throws if Temporal cannot be reached
 */
export async function diagnose(
  context: TemporalAccess & Pick<Context, 'sites'>,
  seenWithinMs: number = pollerSeenWithinMs,
): Promise<readonly Diagnosis[]> {
  const diagnoses: Diagnosis[] = [];
  for (const { name, run } of checks)
    try {
      diagnoses.push({ check: name, findings: await run({ ...context, seenWithinMs }) });
    } catch (error) {
      if (unreachable(error)) throw error;
      const text = `cannot be checked: ${error instanceof Error ? error.message : String(error)}`;
      diagnoses.push({ check: name, findings: [{ level: 'problem', text }] });
    }
  return diagnoses;
}

function lines({ check, findings }: Diagnosis): string[] {
  return findings.flatMap(({ level, text, next }) => [
    `${level.padEnd('warning'.length)}  ${check}: ${text}`,
    ...(next ? [`${' '.repeat('warning'.length)}  next: ${next}`] : []),
  ]);
}

import { type Command } from 'commander';
import { checkSearchAttributes, wrongTypeText } from '../../workers/setup';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { type Applied, applySchedules } from '../schedules/apply';
import { type Change, changesBetween } from '../schedules/compare';
import { declaredSchedules } from '../schedules/files';
import { type Declared } from '../schedules/schedule';
import { type OnServer, schedulesOnServer } from '../schedules/server';
import { type TemporalAccess, withTemporal } from '../temporal';
import { addScheduleControl } from './schedule-control';
import { addNext } from './schedules-next';

interface ChangeOptions {
  readonly prune?: boolean;
  readonly json?: boolean;
}

/** `schedules ...`: what runbook files declare against what the server holds. */
export function addSchedules(program: Command, context: Context): void {
  const schedules = program.command('schedules').description('the schedules that runbook files declare');
  const prune = 'with those of sites that have no file here, which are left alone otherwise';
  schedules
    .command('diff')
    .description('declared against actual, field by field; changes nothing')
    .option('--prune', prune)
    .option('--json', 'print the changes as one JSON document')
    .action(async (options: ChangeOptions) => {
      const { declared, actual } = await withTemporal(context, (access) => bothSides(context, access, options));
      const changes = changesBetween(declared, actual);
      if (options.json) context.output.json({ changes });
      else context.output.print(changes.length ? changes.map(changeText) : [asDeclared(declared)]);
    });
  schedules
    .command('apply')
    .description('make the server hold what is declared; a paused schedule stays paused. Safe to repeat')
    .option('--prune', prune)
    .option('--json', 'print what was done as one JSON document')
    .action(async (options: ChangeOptions) => {
      const { declared, applied } = await withTemporal(context, async (access) => {
        await requireSearchAttributes(access);
        const sides = await bothSides(context, access, options);
        return { ...sides, applied: await applySchedules(access.client, sides.declared, sides.actual) };
      });
      if (options.json) context.output.json({ applied });
      else context.output.print(applied.length ? applied.flatMap(appliedLines) : [asDeclared(declared)]);
      if (applied.some(({ done }) => done === 'refused')) context.exit(ExitCode.failed);
    });
  addNext(schedules, context);
  addScheduleControl(schedules, context);
}

/** Schedules of ours of a site without a file here may be declared in another checkout. */
async function bothSides(
  context: Context,
  { client }: TemporalAccess,
  { prune = false }: ChangeOptions,
): Promise<{ readonly declared: readonly Declared[]; readonly actual: readonly OnServer[] }> {
  const declared = await declaredSchedules(context);
  const ids = declared.map(({ id }) => id);
  const found = await schedulesOnServer(client, ids);
  const sites = context.sites.names();
  const elsewhere = found.filter(
    ({ id, site }) => !prune && !ids.includes(id) && site !== null && !sites.includes(site),
  );
  for (const { id, site } of elsewhere)
    context.output.say(`${id} is left alone: there is no file of site ${site} here; --prune would delete it`);
  return { declared, actual: found.filter((each) => !elsewhere.includes(each)) };
}

/** A schedule whose runs carry search attributes that are not registered could not start any. */
async function requireSearchAttributes({ connection, namespace }: TemporalAccess): Promise<void> {
  const { missing, wrongType } = await checkSearchAttributes(connection, namespace);
  if (wrongType.length) throw new CommandError(ExitCode.usage, wrongTypeText(namespace, wrongType));
  if (missing.length)
    throw new CommandError(
      ExitCode.usage,
      `namespace ${namespace} lacks search attributes (${missing.join(', ')}): run \`runbook setup\``,
    );
}

function asDeclared(declared: readonly Declared[]): string {
  return declared.length ? `as declared: ${declared.map(({ id }) => id).join(', ')}` : 'no schedule is declared';
}

function changeText({ schedule, field, declared, actual }: Change): string {
  if (field === 'managedBy') return `${schedule}: exists, and is not ours; apply leaves it alone`;
  if (field === 'schedule') return `${schedule}: ${declared ? 'declared, not on the server' : 'not declared any more'}`;
  return `${schedule}: ${field}: declared ${valueText(declared)}, actual ${valueText(actual)}`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function appliedLines({ schedule, done, changes }: Applied): string[] {
  const fields = changes.filter(({ field }) => field !== 'schedule').map((change) => `  ${changeText(change)}`);
  return [`${schedule}: ${done}`, ...fields];
}

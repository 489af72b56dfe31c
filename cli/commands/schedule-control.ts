import { type Client, ScheduleNotFoundError, type ScheduleHandle } from '@temporalio/client';
import { type Command } from 'commander';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { declaredSchedules } from '../schedules/files';
import { momentsByServer, onServer, type OnServer, overlapPolicyOf } from '../schedules/server';
import { withTemporal } from '../temporal';

interface Json {
  readonly json?: boolean;
}

/** `schedules pause | resume | trigger | backfill`: what an operator does to a schedule of ours. */
export function addScheduleControl(schedules: Command, context: Context): void {
  const { output } = context;
  const tell = (json: boolean | undefined, told: object, line: string) =>
    json ? output.json(told) : output.print([line]);

  schedules
    .command('pause <schedule>')
    .description('let nothing run by this schedule until it is resumed; apply leaves it paused')
    .requiredOption('--why <reason>', 'shown wherever the schedule is')
    .option('--json', 'print what was done as one JSON document')
    .action(async (id: string, { why, json }: { why: string } & Json) => {
      await withSchedule(context, id, (handle) => handle.pause(why));
      tell(json, { schedule: id, paused: true, note: why }, `${id} is paused`);
    });

  schedules
    .command('resume <schedule>')
    .description('let it run again')
    .option('--json', 'print what was done as one JSON document')
    .action(async (id: string, { json }: Json) => {
      const declared = (await declaredSchedules(context)).find((each) => each.id === id);
      // Resuming writes the note: it is to say again what the schedule is for.
      const note = declared?.note ?? 'resumed';
      await withSchedule(context, id, (handle) => handle.unpause(note));
      tell(json, { schedule: id, paused: false, note }, `${id} is active`);
    });

  schedules
    .command('trigger <schedule>')
    .description('start a run now, paused or not; if the one before still runs, the overlap policy decides')
    .option('--json', 'print the run as one JSON document')
    .action(async (id: string, { json }: Json) => {
      const run = await withSchedule(context, id, async (handle, before) => {
        await handle.trigger(overlapPolicyOf(before.overlap));
        return await outcomeOf(handle, before);
      });
      if (run === null) {
        context.exit(ExitCode.failed);
        tell(json, { schedule: id, run }, `${id}: skipped, the run before is still running`);
      } else tell(json, { schedule: id, run }, run ? `started ${run}` : `${id}: waits for the run before to end`);
    });

  schedules
    .command('backfill <schedule>')
    .description('run what was due in a time that has passed, one run after the other')
    .requiredOption('--from <time>', 'like 2026-11-20T00:00:00Z')
    .requiredOption('--to <time>', 'like 2026-11-21T00:00:00Z')
    .option('--json', 'print the times as one JSON document')
    .action(async (id: string, { from, to, json }: { from: string; to: string } & Json) => {
      const [start, end] = [instant(from), instant(to)];
      const times = await withSchedule(context, id, async (handle, _, client) => {
        const due = await momentsByServer(client, id, start.getTime(), end.getTime());
        if (!due.length) throw new CommandError(ExitCode.usage, `${id}: nothing was due from ${from} to ${to}`);
        await handle.backfill({ start, end, overlap: overlapPolicyOf('bufferAll') });
        return due.map((at) => new Date(at).toISOString());
      });
      tell(json, { schedule: id, times }, `${id}: ${times.length} to run: ${times.join(', ')}`);
    });
}

function instant(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(time.getTime()))
    throw new CommandError(ExitCode.usage, `${text}: expected a time like 2026-11-20T02:00:00Z`);
  return time;
}

/** @throws exit code 2 if there is no such schedule, 1 if it is not ours */
async function withSchedule<T>(
  context: Context,
  id: string,
  body: (handle: ScheduleHandle, found: OnServer, client: Client) => Promise<T>,
): Promise<T> {
  return await withTemporal(context, async ({ client }) => {
    const handle = client.schedule.getHandle(id);
    const description = await handle.describe().catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
      throw new CommandError(ExitCode.usage, `there is no schedule ${id} on the server; see: runbook schedules next`);
    });
    const found = onServer(description);
    if (!found.ours) throw new CommandError(ExitCode.failed, `${id} is not ours: it was not made by schedules apply`);
    return await body(handle, found, client);
  });
}

const outcomeWithinMs = 10_000;

/** The run that a trigger has started; null if it was skipped; undefined if it waits. */
async function outcomeOf(handle: ScheduleHandle, before: OnServer): Promise<string | null | undefined> {
  const taken = (info: OnServer['info']) => info.numActionsTaken;
  for (const until = Date.now() + outcomeWithinMs; Date.now() < until;) {
    const { info } = await handle.describe();
    if (taken(info) > taken(before.info)) return info.recentActions.at(-1)?.action.workflow.workflowId;
    if (info.numActionsSkippedOverlap > before.info.numActionsSkippedOverlap) return null;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}

import { type Client, ScheduleAlreadyRunning, type ScheduleClient, ScheduleNotFoundError } from '@temporalio/client';
import { CommandError, ExitCode } from '../exit';
import { type Actual, type Change, changesBetween } from './compare';
import { type Declared } from './schedule';
import { onServer, optionsFor } from './server';

/** What was done about one schedule. */
export interface Applied {
  readonly schedule: string;
  /** `refused`: somebody else's schedule has this id. */
  readonly done: 'created' | 'updated' | 'deleted' | 'refused';
  readonly changes: readonly Change[];
}

/**
 * Makes the server's schedules those that are declared; those that are not ours are left alone.
 *
 * Each is changed by itself, so that a second call completes one that was cut off; called again it changes nothing.
 * A paused schedule stays paused, with its note.
 */
export async function applySchedules(
  client: Client,
  declared: readonly Declared[],
  actual: readonly Actual[],
): Promise<readonly Applied[]> {
  const applied: Applied[] = [];
  const changes = changesBetween(declared, actual);
  for (const schedule of new Set(changes.map((change) => change.schedule))) {
    const done = await applyOne(
      client,
      schedule,
      declared.find(({ id }) => id === schedule),
      actual.find(({ id }) => id === schedule),
    );
    applied.push({ schedule, done, changes: changes.filter((change) => change.schedule === schedule) });
  }
  return applied;
}

async function applyOne(
  client: Client,
  id: string,
  declared: Declared | undefined,
  actual: Actual | undefined,
): Promise<Applied['done']> {
  if (actual && !actual.ours) return 'refused';
  if (!declared) {
    await remove(client, id);
    return 'deleted';
  }
  if (actual) return (await update(client, declared)) ? 'updated' : 'refused';
  return await create(client, declared);
}

async function remove(client: Client, id: string): Promise<void> {
  try {
    await client.schedule.getHandle(id).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/** One that has come into being meanwhile, perhaps by a call whose answer was lost, is updated if it is ours. */
async function create(client: Client, declared: Declared): Promise<Applied['done']> {
  try {
    await client.schedule.create(optionsFor(declared));
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    return (await update(client, declared)) ? 'updated' : 'refused';
  }
}

const attempts = 5;

/** False: it is somebody else's by now. */
async function update(client: Client, declared: Declared): Promise<boolean> {
  const handle = asLookedAt(client.schedule).getHandle(declared.id);
  for (let attempt = 0; ; attempt++) {
    // The server drops an update in silence where it refuses it: only another look tells.
    const found = onServer(await handle.describe());
    if (!found.ours) return false;
    if (!changesBetween([declared], [found]).length) return true;
    if (attempt === attempts)
      throw new CommandError(
        ExitCode.failed,
        `${declared.id} is not as declared after ${attempts} updates; see: schedules diff`,
      );
    await handle.update(({ state }) => {
      const { spec, policies, action, searchAttributes } = optionsFor(declared);
      const note = state.paused ? state.note : declared.note;
      return { spec, policies, action, searchAttributes, state: { paused: state.paused, note } };
    });
  }
}

/** Has the server drop an update of a schedule that has changed since it was looked at: it would undo a pause. */
function asLookedAt(schedules: ScheduleClient): ScheduleClient {
  const { workflowService } = schedules;
  type Description = Awaited<ReturnType<typeof workflowService.describeSchedule>>;
  let conflictToken: Description['conflictToken'] | undefined;
  const strict = {
    describeSchedule: async (request: object) => {
      const description = await workflowService.describeSchedule(request);
      ({ conflictToken } = description);
      return description;
    },
    updateSchedule: (request: object) => workflowService.updateSchedule({ ...request, conflictToken }),
  };
  return Object.create(schedules, {
    workflowService: { value: Object.assign(Object.create(workflowService) as object, strict) },
  }) as ScheduleClient;
}

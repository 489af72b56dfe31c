import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type LoadedSite } from '../../workflows/contract/companions';
import { reportOpenBrackets } from '../../workers/open-brackets';

const site = { name: 'lab', document: {}, sha256: '' } as LoadedSite;

interface World {
  readonly running?: readonly { workflowId: string; memo?: object }[];
  /** Of guards, by id; a guard that is not here never was. */
  readonly statuses?: Readonly<Record<string, string>>;
  readonly production?: { serving: string; note: string } | Error;
}

async function look({ running = [], statuses = {}, production = { serving: 'production', note: '' } }: World) {
  const said: string[] = [];
  const alarms: string[] = [];
  const client = {
    workflow: {
      list: async function* () {
        yield* running;
      },
      getHandle: (id: string) => ({
        describe: async () => {
          if (!(id in statuses)) throw new WorkflowNotFoundError('none', id, undefined);
          return { status: { name: statuses[id] } };
        },
      }),
    },
  } as unknown as Client;
  await reportOpenBrackets({
    client,
    sites: [site],
    readProduction: async () => {
      if (production instanceof Error) throw production;
      return { at: null, fallbackAnswers: true, ...production } as never;
    },
    alarm: async (_site, run) => void alarms.push(run),
    say: (line) => void said.push(line),
  });
  return { said, alarms };
}

test('open brackets and the state of production are said', async () => {
  const memo = { ownerRunId: 'r', tookOver: true, open: ['Production is down', 'The database is stopped'] };
  const running = [{ workflowId: 'guard/a', memo }, { workflowId: 'guard/b' }];
  expect(await look({ running })).toEqual({
    said: [
      'open, being closed by its guard: Production is down > The database is stopped (guard/a)',
      'production of lab: production',
    ],
    alarms: [],
  });
});

const down = { serving: 'fallback', note: 'daily backup, run daily-backup/lab/1' };

test('production down by a run whose guard is gone raises an alarm that says what to do', async () => {
  const { said, alarms } = await look({ production: down, statuses: { 'guard/daily-backup/lab/1': 'TERMINATED' } });
  expect(alarms).toEqual(['daily-backup/lab/1']);
  expect(said.at(-1)).toContain('runbook run production --site lab --set action=up');
});

test.each([
  ['its guard stands behind it', down, { 'guard/daily-backup/lab/1': 'RUNNING' }],
  ['an operator took it down', { serving: 'fallback', note: 'taken down by ann, run production/lab/2' }, {}],
  ['nobody knows why', { serving: 'nothing', note: '' }, {}],
])('production down is only said where %s', async (_why, production, statuses) => {
  const { said, alarms } = await look({ production, statuses });
  expect(alarms).toEqual([]);
  expect(said).toHaveLength(1);
});

test('a cloud that does not answer is said, and stops nothing', async () => {
  expect(await look({ production: new Error('no answer') })).toEqual({
    said: ['cannot look at production of lab: no answer'],
    alarms: [],
  });
});

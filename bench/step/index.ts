import { randomUUID } from 'node:crypto';
import { activitiesOf as siteActivities } from '../../activities/activities';
import { FakeSite } from '../../test/support/fake-site';
import { type Bench, type Row } from '../harness/bench';
import { activitiesOf } from '../support/history';
import { useTemporal } from '../support/temporal';
import { useWorker } from '../support/worker';
import { firstStep } from './first-step';

const rows: readonly Row[] = [
  { id: 'steps', what: 'runbook, 100 steps that look', unit: 'ms', goal: { to: 'bare', atMost: 1.3 } },
  { id: 'changes', what: 'runbook, 100 changes in a bracket', unit: 'ms', goal: { to: 'bare' } },
  { id: 'bare', what: 'bare: workflow, 100 no-op activities', unit: 'ms' },
  { id: 'first', what: '`runbook run` typed, to its first step', unit: 'ms', goal: { atMost: 1000 } },
];

/** What a step costs besides what it does. */
export const step: Bench = {
  name: 'step',
  shows:
    'What a step costs besides what it does: 100 steps of a runbook, one after another, beside 100 no-op activities of a bare workflow on the same server and ' +
    'worker. Timed by the server, from the first one scheduled to the last one completed.',
  limits:
    'A step is an activity: some ten writes of the server and two round trips to a worker. What `ops.do` adds is the schemas of input and output, the checklist, and the ' +
    'summary for the Web UI. A change inside a bracket also asks the server whether the guard stands behind the run, a call more for each. From `runbook run` to the ' +
    'first step most of the time is the start of Node.js.',
  cases: (quick) => [
    {
      name: '100 steps',
      rounds: quick ? 1 : 10,
      minutes: 5,
      rows,
      prepare: async (workshop) => {
        const server = await useTemporal(workshop);
        const site = new FakeSite();
        await useWorker(workshop, server, {
          workflows: require.resolve('./workflows'),
          activities: (client) => ({
            ...siteActivities(site.implementations(), { client, tell: site.tell, loadSite: site.loadSite }),
            nothing: async () => undefined,
          }),
        });
        const timed = async (workflow: string, activity: string) => {
          const run = await server.client.workflow.start(workflow, {
            workflowId: `${workflow}/fake/${randomUUID()}`,
            taskQueue: 'runbooks',
            args: [{ action: 'status' }],
          });
          await run.result();
          const steps = (await activitiesOf(run)).filter(({ type }) => type === activity);
          return (steps.at(-1)?.completedAt ?? NaN) - (steps[0]?.scheduledAt ?? NaN);
        };
        const typed = firstStep(workshop, server);
        return [
          { turn: async () => ({ steps: await timed('looks', 'readProduction') }) },
          { turn: async () => ({ bare: await timed('bare', 'nothing') }) },
          { turn: async () => ({ changes: await timed('changes', 'startDatabase') }) },
          { turn: async () => ({ first: await typed() }) },
        ];
      },
    },
  ],
};

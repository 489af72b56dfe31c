import { type Bench } from '../harness/bench';
import { prepareDeaths } from './deaths';
import { prepareRestarts } from './restarts';

/** How long it takes until work goes on when something dies. */
export const resume: Bench = {
  name: 'resume',
  shows:
    'How soon work goes on, and production serves, when something dies: the worker in the middle of a remote job, the run by *Terminate* while production is down and ' +
    'the database stopped, the Temporal server.',
  limits:
    'A job of a killed worker is missed when its heartbeat times out after 10 s (`workflows/contract/profiles.ts`); a shorter time would take a slow network for a dead ' +
    'worker. A terminated run is noticed by its guard, which looks every half second; what follows is the way back itself: stop the copy, start the database until it is ' +
    'healthy, move the address, see the page. After a restart of the server the rest is how long clients wait between attempts to reach it.',
  cases: (quick) => [
    {
      name: 'worker killed, run terminated',
      rounds: quick ? 1 : 5,
      minutes: quick ? 10 : 20,
      rows: [
        {
          id: 'worker',
          what: 'SIGKILL of the worker to the job followed by another',
          unit: 'ms',
          goal: { atMost: 12_000 },
        },
        { id: 'terminate', what: '*Terminate* to production serving', unit: 'ms', goal: { atMost: 3000 } },
      ],
      prepare: prepareDeaths,
    },
    {
      name: 'server restarted',
      rounds: quick ? 1 : 5,
      minutes: 5,
      rows: [{ id: 'server', what: 'server started again to the next step done', unit: 'ms', goal: { atMost: 3000 } }],
      prepare: prepareRestarts,
    },
  ],
};

import { type Client } from '@temporalio/client';
import { type ActionName, actions } from '../workflows/contract/actions';
import { type ActionActivities, type DescribeActivity } from '../workflows/contract/calls';
import { type CompanionActivities } from '../workflows/contract/companions';
import { type Implementations } from './implementation';
import { describeWith, perform, type Tell } from './perform';
import { companionActivities } from './temporal/companions';

/** Everything a worker registers: one activity for each action, and what runs and their companions ask for. */
export type Activities = ActionActivities & DescribeActivity & CompanionActivities;

/** Joins the code of the actions with what surrounds every one of them. */
export function activitiesOf(
  implementations: Implementations,
  environment: { client: Client; tell: Tell; loadSite: CompanionActivities['loadSite'] },
): Activities {
  const carried = Object.fromEntries(
    (Object.keys(actions) as ActionName[]).map((action) => [action, perform(action, implementations, environment)]),
  );
  return {
    ...(carried as unknown as ActionActivities),
    describeAction: describeWith(implementations) as DescribeActivity['describeAction'],
    ...companionActivities(environment),
    loadSite: environment.loadSite,
  };
}

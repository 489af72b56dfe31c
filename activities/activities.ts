import { type Client } from '@temporalio/client';
import { type ActionName, actions, isRead } from '../workflows/contract/actions';
import { type ActionActivities, type DescribeActivity } from '../workflows/contract/calls';
import { type CompanionActivities } from '../workflows/contract/companions';
import { type EachActivities, eachOf, looks } from '../workflows/contract/each';
import { type Implementations } from './implementation';
import { describeWith, perform, type Tell } from './perform';
import { performEach } from './perform-each';
import { Slots } from './ssh/slots';
import { companionActivities } from './temporal/companions';

/** Everything a worker registers: one activity for each action, one for many of each read, and what runs and their companions ask for. */
export type Activities = ActionActivities & EachActivities & DescribeActivity & CompanionActivities;

/** Joins the code of the actions with what surrounds every one of them. */
export function activitiesOf(
  implementations: Implementations,
  environment: { client: Client; tell: Tell; loadSite: CompanionActivities['loadSite'] },
): Activities {
  const names = Object.keys(actions) as ActionName[];
  const carried = Object.fromEntries(names.map((action) => [action, perform(action, implementations, environment)]));
  const places = new Slots(looks.sideBySide);
  const each = Object.fromEntries(
    names.filter(isRead).map((action) => [eachOf(action), performEach(action, implementations, environment, places)]),
  );
  return {
    ...(carried as unknown as ActionActivities),
    ...(each as unknown as EachActivities),
    describeAction: describeWith(implementations) as DescribeActivity['describeAction'],
    ...companionActivities(environment),
    loadSite: environment.loadSite,
  };
}

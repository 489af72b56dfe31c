import { actions } from '../../workflows/contract/actions';

/** Activities that go to the Temporal server or to a chat server only, not to the cloud or a host. */
const besideTheSite: readonly string[] = [
  'loadSite',
  'requestLock',
  'lastLanding',
  'notify',
  'readCatalogue',
  'updateCatalogue',
];
const readingCompanions: readonly string[] = ['loadSite', 'lastLanding'];

/** Whether an activity only looks. */
export function isRead(activity: string): boolean {
  const action = (actions as Readonly<Record<string, { readonly effect: string } | undefined>>)[activity];
  return action ? action.effect === 'read' : readingCompanions.includes(activity);
}

/** Whether a blow against a host or its connections can meet the activity. */
export function touchesSite(activity: string): boolean {
  return !besideTheSite.includes(activity);
}

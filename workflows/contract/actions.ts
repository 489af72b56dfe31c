import { type z } from 'zod';
import * as archives from './actions/archives';
import * as cloud from './actions/cloud';
import * as copy from './actions/copy';
import * as database from './actions/database';
import * as hosts from './actions/hosts';
import * as jobs from './actions/jobs';
import * as notify from './actions/notify';
import * as production from './actions/production';
import * as restore from './actions/restore';
import * as snapshot from './actions/snapshot';
import * as volume from './actions/volume';
import { type ActionDefinition } from './action';

/** Every action there is. A new one is defined in `actions/`, listed here, and carried out by an activity of its name. */
export const actions = {
  checkCloud: cloud.checkCloud,
  readServer: cloud.readServer,
  startServer: cloud.startServer,
  stopServer: cloud.stopServer,
  readProduction: production.readProduction,
  takeProductionDown: production.takeProductionDown,
  bringProductionUp: production.bringProductionUp,
  readDatabase: database.readDatabase,
  countRows: database.countRows,
  writeMarker: database.writeMarker,
  stopDatabase: database.stopDatabase,
  startDatabase: database.startDatabase,
  readVolume: volume.readVolume,
  mountVolume: volume.mountVolume,
  unmountVolume: volume.unmountVolume,
  checkBackupHost: copy.checkBackupHost,
  readWorkplace: copy.readWorkplace,
  makeWorkplace: copy.makeWorkplace,
  removeWorkplace: copy.removeWorkplace,
  readPull: copy.readPull,
  authorizePull: copy.authorizePull,
  revokePull: copy.revokePull,
  checkStrategy: snapshot.checkStrategy,
  takeSnapshot: snapshot.takeSnapshot,
  backUpOnline: snapshot.backUpOnline,
  copyAhead: copy.copyAhead,
  copyStore: copy.copyStore,
  makeArchive: copy.makeArchive,
  readBack: copy.readBack,
  listArchives: archives.listArchives,
  removeArchives: archives.removeArchives,
  distrustArchive: archives.distrustArchive,
  readCatalogue: archives.readCatalogue,
  updateCatalogue: archives.updateCatalogue,
  recordDrill: archives.recordDrill,
  checkRestoreTarget: restore.checkRestoreTarget,
  unpackArchive: restore.unpackArchive,
  readRows: restore.readRows,
  fetchStore: restore.fetchStore,
  copyAside: restore.copyAside,
  readSwap: restore.readSwap,
  swapStore: restore.swapStore,
  returnStore: restore.returnStore,
  keepAside: restore.keepAside,
  listAside: restore.listAside,
  removeAside: restore.removeAside,
  checkApplication: restore.checkApplication,
  readHost: hosts.readHost,
  stopJob: jobs.stopJob,
  notify: notify.notify,
} as const;

export type ActionName = keyof typeof actions;
export type InputOf<N extends ActionName> = z.output<(typeof actions)[N]['input']>;
export type OutputOf<N extends ActionName> = z.output<(typeof actions)[N]['output']>;
export type ReadName = { [N in ActionName]: (typeof actions)[N]['effect'] extends 'read' ? N : never }[ActionName];
export type ChangeName = Exclude<ActionName, ReadName>;
export type JobName = { [N in ActionName]: (typeof actions)[N]['profile'] extends 'job' ? N : never }[ActionName];

/** One thing to do, as data. */
export interface Action<N extends ActionName = ActionName> {
  readonly action: N;
  readonly input: InputOf<N>;
}

/** The typed makers: `act.stopServer({ host })` is the action as data; nothing happens until a run does it. */
export const act = Object.fromEntries(
  Object.keys(actions).map((action) => [action, (input: unknown) => ({ action, input })]),
) as { readonly [N in ActionName]: (input: InputOf<N>) => Action<N> };

/** The definition of an action, with its types widened. */
export function definitionOf(action: ActionName): ActionDefinition {
  return actions[action] as unknown as ActionDefinition;
}

/** What an action looks at or changes, as a path. */
export function targetOf({ action, input }: Action): string {
  return definitionOf(action).target(input);
}

export function isActionName(text: string): text is ActionName {
  return Object.hasOwn(actions, text);
}

/** Whether an action only looks. */
export function isRead(action: ActionName): action is ReadName {
  return actions[action].effect === 'read';
}

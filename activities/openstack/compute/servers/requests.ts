import { type Request } from '../../request';
import { instanceActionsPath, serverActionPath, serverPath, serversByNamePath, serversPath } from './paths';
import { type InstanceAction, readInstanceActions, readServer, readServers, type ServerView } from './results';

/** The id and name of a server: the id for the service, the name for people. */
export type ServerRef = Pick<ServerView, 'id' | 'name'>;

/** Asks whether the service answers us at all. */
export const probeServers = (): Request<void> => ({
  method: 'GET',
  service: 'compute',
  path: `${serversPath}?limit=1`,
  expected: [200],
  target: 'service/compute',
  read: () => undefined,
});

/** Finds the servers whose name is exactly this. */
export const listServersByName = (name: string): Request<ServerView[]> => ({
  method: 'GET',
  service: 'compute',
  path: serversByNamePath(name),
  expected: [200],
  target: `server/${name}`,
  read: (body) => readServers(body).filter((server) => server.name === name),
});

export const getServer = ({ id, name }: ServerRef): Request<ServerView> => ({
  method: 'GET',
  service: 'compute',
  path: serverPath(id),
  expected: [200],
  target: `server/${name}`,
  read: readServer,
});

/** What was asked of the server lately, newest first. */
export const listInstanceActions = ({ id, name }: ServerRef): Request<InstanceAction[]> => ({
  method: 'GET',
  service: 'compute',
  path: instanceActionsPath(id),
  expected: [200],
  target: `server/${name}`,
  read: readInstanceActions,
});

/** Accepted at once, done later or never; reads the request id, which the instance action bears too. */
export const startServer = (server: ServerRef) => powerAction(server, { 'os-start': null });

/** Lets the guest shut down in order; see `startServer` for what it returns. */
export const stopServer = (server: ServerRef) => powerAction(server, { 'os-stop': null });

const powerAction = ({ id, name }: ServerRef, body: object): Request<string | undefined> => ({
  method: 'POST',
  service: 'compute',
  path: serverActionPath(id),
  body,
  expected: [202],
  target: `server/${name}`,
  read: (_body, { requestId }) => requestId,
});

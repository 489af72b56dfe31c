import { fail } from '../../../failures';
import { type SendOptions, type Session } from '../../session';
import { listServersByName } from './requests';
import { type ServerView } from './results';

/**
 * Finds the one server of this exact name.
 *
 * @throws `NotFound` when there is none, `PreconditionFailed` when there are several: a name must say which one.
 */
export async function findServer(cloud: Session, name: string, options: SendOptions = {}): Promise<ServerView> {
  const [server, ...others] = await cloud.send(listServersByName(name), options);
  const details = { target: `server/${name}` };
  if (!server)
    throw fail('NotFound', `there is no server ${name} in cloud ${cloud.name}. See: openstack server list`, details);
  if (others.length > 0) {
    const ids = [server, ...others].map(({ id }) => id).join(', ');
    const what = `cloud ${cloud.name} has ${others.length + 1} servers named ${name} (${ids})`;
    throw fail('PreconditionFailed', `${what}; wanted one. Rename the others: openstack server set --name`, details);
  }
  return server;
}

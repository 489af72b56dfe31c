import { type Implementations } from '../implementation';
import {
  describeServerRunning,
  describeServerStopped,
  ensureServerStopped,
  findFloatingIp,
  findServer,
  type OpenStack,
} from '../openstack';
import { type Clock } from '../openstack/clock';
import { type SshHosts } from '../ssh/hosts';
import { startUntilSsh } from './start-server';

export { lookIfOn, powerOf, unlessOff } from './host-power';

export interface CloudDependencies {
  readonly openstack: OpenStack;
  readonly ssh: SshHosts;
  readonly clock: Clock;
}

/** The actions on servers and on the cloud itself. */
export function cloudActions(
  dependencies: CloudDependencies,
): Pick<Implementations, 'checkCloud' | 'readServer' | 'startServer' | 'stopServer'> {
  const { openstack, clock } = dependencies;
  return {
    checkCloud: {
      async do({ cloud: name, servers, floatingIp }, { signal }) {
        const cloud = openstack.cloud(name);
        await cloud.check({ signal });
        const [address, ...found] = await Promise.all([
          findFloatingIp(cloud, floatingIp, { signal }),
          ...servers.map((server) => findServer(cloud, server, { signal })),
        ]);
        const states = found.map(({ name, status, taskState }) => [name, { status, taskState }] as const);
        return { servers: Object.fromEntries(states), addressAt: address.server };
      },
    },

    readServer: {
      async do({ host: { server } }, { signal }) {
        const { status, taskState } = await findServer(openstack.cloud(server.cloud), server.name, { signal });
        return { status, taskState };
      },
    },

    startServer: {
      do: (input, context) => startUntilSsh(dependencies, input, context),
      async describe({ host: { server } }, { signal }) {
        const description = await describeServerRunning(openstack.cloud(server.cloud), server.name, { signal });
        return { ...description, output: { changed: description.changes, tookMs: 0 } };
      },
    },

    stopServer: {
      async do({ host: { server } }, context) {
        const { signal, deadlineMs } = context;
        const startedMs = clock.now();
        const { changed } = await ensureServerStopped(openstack.cloud(server.cloud), server.name, {
          signal,
          timeoutMs: Math.max(10_000, deadlineMs - startedMs - 5_000),
          onPending: ({ status, taskState }) =>
            context.progress({ done: 0, unit: 'items', note: `${server.name} is ${taskState ?? status}` }),
        });
        return { changed, tookMs: clock.now() - startedMs };
      },
      async describe({ host: { server } }, { signal }) {
        const description = await describeServerStopped(openstack.cloud(server.cloud), server.name, { signal });
        // A server that is off now may have been started by an earlier step of the plan.
        return { ...description, changes: description.changes || null, output: { changed: true, tookMs: 0 } };
      },
    },
  };
}

import { failureTypeOf } from '../failures';
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
import { sh } from '../ssh/shell';
import { powerOf, unlessOff } from './host-power';
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
  const { openstack, ssh, clock } = dependencies;
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
      async do({ host }, context) {
        const { signal, deadlineMs } = context;
        const { server } = host;
        const startedMs = clock.now();
        const stopping = ensureServerStopped(openstack.cloud(server.cloud), server.name, {
          signal,
          timeoutMs: Math.max(10_000, deadlineMs - startedMs - 5_000),
          onPending: ({ status, taskState }) =>
            context.progress({
              done: Math.round((clock.now() - startedMs) / 1000),
              unit: 'seconds',
              note: `${server.name} is ${taskState ?? status}`,
            }),
        });
        const { changed } = await stopping.catch(async (error: unknown) => {
          // A server in ERROR cannot be told to stop. If nothing answers there either, nothing runs that could be stopped.
          if (failureTypeOf(error) !== 'ResourceFailed' || (await powerOf(openstack, host, { signal })) !== 'error')
            throw error;
          const answer = () => ssh.host(host).run(sh`true`, { signal, timeoutMs: 5_000 });
          if ((await unlessOff(openstack, host, { signal }, answer, null)) !== null) throw error;
          return { changed: false };
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

import { lookIfOn, unlessOff } from '../cloud';
import { type Implementations } from '../implementation';
import { type OpenStack } from '../openstack';
import { type SshHosts } from '../ssh/hosts';
import { type StoppedJob } from '../ssh/jobs';

export interface JobDependencies {
  readonly openstack: OpenStack;
  readonly ssh: SshHosts;
}

type Stopped = StoppedJob | { readonly state: 'host-off'; readonly starts: number };

/** The actions on remote jobs as such. */
export function jobActions({ openstack, ssh }: JobDependencies): Pick<Implementations, 'stopJob'> {
  return {
    stopJob: {
      async do({ host, key, graceSeconds }, { call, signal }) {
        const stop = () =>
          ssh.jobs(host).stop(key, { graceMs: graceSeconds * 1000, signal, fence: call.fence ?? undefined });
        const { state, starts } = await unlessOff<Stopped>(openstack, host, { signal }, stop, {
          state: 'host-off',
          starts: 0,
        });
        return { key, host: host.name, state, starts };
      },
      async describe({ host, key, title }, { signal }) {
        const job = await lookIfOn(openstack, host, { signal }, () => ssh.jobs(host).poll(key, { signal }));
        return {
          command: `end the remote job ${key} on ${host.name} (${title}), and refuse its key from then on`,
          now: job && `the job is ${job.state}`,
          changes: job?.state === 'running' ? true : null,
          output: { key, host: host.name, state: 'never-started', starts: 0 },
        };
      },
    },
  };
}

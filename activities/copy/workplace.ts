import { type HostRef } from '../../workflows/contract/site';
import { lookIfOn, unlessOff } from '../cloud';
import { type Implementations } from '../implementation';
import { sh } from '../ssh/shell';
import { type CopyDependencies } from './dependencies';

interface Workplace {
  readonly host: HostRef;
  readonly directory: string;
}

// Directories alone: a file in it may be the database's own, shared with it.
const remove = ({ directory }: Workplace) =>
  sh`rm -rf ${directory} 2> /dev/null || { find ${directory} -type d ! -perm -700 -exec chmod u+rwx '{}' \\;; rm -rf ${directory}; }`;
const make = (workplace: Workplace) => sh`${remove(workplace)}; umask 077; mkdir -p ${workplace.directory}`;
const look = ({ directory }: Workplace) => sh`[ -d ${directory} ]`;

/** Removing the copy of a large store takes its time. */
const timeoutMs = 55_000;

/** The directory in which one run works. */
export function workplaceActions({
  openstack,
  ssh,
}: CopyDependencies): Pick<Implementations, 'readWorkplace' | 'makeWorkplace' | 'removeWorkplace'> {
  const exists = async (workplace: Workplace, signal: AbortSignal) => {
    const { exitCode } = await ssh.host(workplace.host).run(look(workplace), { signal, allowExit: [0, 1] });
    return exitCode === 0;
  };
  const now = async (workplace: Workplace, signal: AbortSignal) => {
    const there = await lookIfOn(openstack, workplace.host, { signal }, () => exists(workplace, signal));
    return { there, now: there === null ? null : `${workplace.directory} is ${there ? '' : 'not '}there` };
  };

  return {
    readWorkplace: {
      do: async ({ workplace }, { signal }) => ({ exists: await exists(workplace, signal) }),
      async describe({ workplace }) {
        const command = ssh.render(workplace.host, look(workplace));
        return { command, now: null, changes: false, output: { exists: false } };
      },
    },

    makeWorkplace: {
      /** Empty: what an earlier run has left is of no use to this one. */
      async do({ workplace }, { signal }) {
        await ssh.host(workplace.host).run(make(workplace), { signal, timeoutMs });
        return { changed: true };
      },
      async describe({ workplace }, { signal }) {
        return {
          command: ssh.render(workplace.host, make(workplace)),
          now: (await now(workplace, signal)).now,
          changes: true,
          output: { changed: true },
        };
      },
    },

    removeWorkplace: {
      do: ({ workplace }, { signal }) =>
        unlessOff(
          openstack,
          workplace.host,
          { signal },
          async () => {
            const changed = await exists(workplace, signal);
            if (changed) await ssh.host(workplace.host).run(remove(workplace), { signal, timeoutMs });
            return { changed };
          },
          { changed: false },
        ),
      async describe({ workplace }, { signal }) {
        const seen = await now(workplace, signal);
        return {
          command: ssh.render(workplace.host, remove(workplace)),
          now: seen.now,
          changes: seen.there || null, // an earlier step of the plan makes it
          output: { changed: true },
        };
      },
    },
  };
}

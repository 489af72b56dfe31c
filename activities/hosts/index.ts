import { type OutputOf } from '../../workflows/contract/actions';
import { type HostRef } from '../../workflows/contract/site';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { type SshHosts } from '../ssh/hosts';
import { sh } from '../ssh/shell';

/** Boot id; seconds since boot; load; the line of the root file system. */
const look = sh`cat /proc/sys/kernel/random/boot_id /proc/uptime /proc/loadavg && df -Pk / | tail -n 1`;

/** The actions on hosts as such. */
export function hostActions({ ssh }: { readonly ssh: SshHosts }): Pick<Implementations, 'readHost'> {
  return {
    readHost: {
      async do({ host }, { signal }) {
        const { stdout } = await ssh.host(host).run(look, { signal });
        return hostIn(stdout, host);
      },
      async describe({ host }) {
        const output = { bootId: '<boot id>', uptimeSeconds: 0, load: 0, freeBytes: 0 };
        return { command: ssh.render(host, look), now: null, changes: false, output };
      },
    },
  };
}

function hostIn(stdout: string, { name }: HostRef): OutputOf<'readHost'> {
  const [bootId = '', uptime = '', load = '', disk = ''] = stdout.trim().split('\n');
  const words = disk.trim().split(/\s+/);
  const output = {
    bootId,
    uptimeSeconds: Number.parseFloat(uptime),
    load: Number.parseFloat(load),
    freeBytes: Number(words.at(-3)) * 1024,
  };
  if (Object.values(output).some((value) => value === '' || Number.isNaN(value)))
    throw fail('ResourceFailed', `${name} does not answer as a Linux host does: ${stdout.slice(0, 200)}`, {
      target: `host/${name}`,
      operation: 'readHost',
    });
  return output;
}

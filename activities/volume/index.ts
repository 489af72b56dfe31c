import { type HostRef } from '../../workflows/contract/site';
import { lookIfOn, unlessOff } from '../cloud';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { type OpenStack } from '../openstack';
import { type SshHosts } from '../ssh/hosts';
import { sh } from '../ssh/shell';

export interface VolumeDependencies {
  readonly openstack: OpenStack;
  readonly ssh: SshHosts;
}

interface Place {
  readonly host: HostRef;
  readonly mountPoint: string;
}

const mount = ({ mountPoint }: Place) => sh`mount ${mountPoint}`;
const unmount = ({ mountPoint }: Place) => sh`sync; umount ${mountPoint}`;

/** Who has something open there, by `fuser` if there is one, else from /proc. */
const holders = ({ mountPoint }: Place) => sh`
if command -v fuser > /dev/null; then fuser -vm ${mountPoint} 2>&1 | tail -n +2
else
  find /proc/[0-9]*/fd /proc/[0-9]*/cwd -lname ${`${mountPoint.replace(/[*?[\\]/g, '\\$&')}*`} 2> /dev/null |
    cut -d / -f 3 | sort -u | while read -r pid; do echo "$pid $(tr '\\0' ' ' < "/proc/$pid/cmdline")"; done
fi | head -n 5`;

/** The actions on volumes that the host's fstab describes. */
export function volumeActions({
  openstack,
  ssh,
}: VolumeDependencies): Pick<Implementations, 'readVolume' | 'mountVolume' | 'unmountVolume'> {
  return {
    readVolume: {
      do: async (place, { signal }) => ({ mounted: await isMounted(place, signal) }),
      async describe(place) {
        return {
          command: ssh.render(place.host, mountpoint(place)),
          now: null,
          changes: false,
          output: { mounted: false },
        };
      },
    },

    mountVolume: {
      async do(place, { signal }) {
        if (await isMounted(place, signal)) return { changed: false };
        const { exitCode, stderr } = await ssh
          .host(place.host)
          .run(mount(place), { signal, timeoutMs: 50_000, allowExit: failing });
        // Somebody else may have mounted it at the same moment.
        if (await isMounted(place, signal)) return { changed: true };
        const why = lastLine(stderr) || `mount ended with ${exitCode}`;
        throw fail(
          'ResourceFailed',
          `${place.mountPoint} is not mounted on ${place.host.name}: ${why}. Is the volume attached, and in /etc/fstab there?`,
          { target: `volume/${place.host.name}`, operation: 'mount', exitCode, stderrTail: stderr.slice(-2000) },
        );
      },
      async describe(place, { signal }) {
        const mounted = await lookIfOn(openstack, place.host, { signal }, () => isMounted(place, signal));
        const changes = mounted === null ? null : !mounted;
        return {
          command: ssh.render(place.host, mount(place)),
          now: inWords(place, mounted),
          changes,
          output: { changed: changes ?? true },
        };
      },
    },

    unmountVolume: {
      do: (place, { signal }) =>
        unlessOff(openstack, place.host, { signal }, () => unmountNow(place, signal), { changed: false }),
      async describe(place, { signal }) {
        const mounted = await lookIfOn(openstack, place.host, { signal }, () => isMounted(place, signal));
        return {
          command: ssh.render(place.host, unmount(place)),
          now: inWords(place, mounted),
          changes: mounted || null,
          output: { changed: true },
        };
      },
    },
  };

  async function isMounted(place: Place, signal: AbortSignal): Promise<boolean> {
    const { exitCode } = await ssh.host(place.host).run(mountpoint(place), { signal, allowExit: [0, 1, 32] });
    return exitCode === 0;
  }

  /** @throws `Conflict` naming who has something open there. */
  async function unmountNow(place: Place, signal: AbortSignal): Promise<{ changed: boolean }> {
    const { host, mountPoint } = place;
    if (!(await isMounted(place, signal))) return { changed: false };
    const options = { signal, timeoutMs: 50_000, allowExit: failing };
    const { exitCode, stderr } = await ssh.host(host).run(unmount(place), options);
    if (!(await isMounted(place, signal))) return { changed: true };
    const { stdout } = await ssh.host(host).run(holders(place), { ...options, timeoutMs: 10_000 });
    const who = stdout.trim().replace(/\s*\n\s*/g, '; ') || 'nobody that can be seen';
    const why = lastLine(stderr) || `umount ended with ${exitCode}`;
    throw fail('Conflict', `${mountPoint} on ${host.name} stays mounted: ${why}. Held by: ${who}`, {
      target: `volume/${host.name}`,
      operation: 'umount',
      exitCode,
      stderrTail: stderr.slice(-2000),
    });
  }
}

const mountpoint = ({ mountPoint }: Place) => sh`mountpoint -q ${mountPoint}`;
/** Any exit code is an answer: the state is looked at afterwards. */
const failing = Array.from({ length: 256 }, (_, code) => code);

function inWords({ mountPoint }: Place, mounted: boolean | null): string | null {
  return mounted === null ? null : `${mountPoint} is ${mounted ? '' : 'not '}mounted`;
}

/** The last line without its full stop: it stands inside a sentence. */
const lastLine = (text: string) => text.trim().split('\n').at(-1)?.replace(/\.$/, '');

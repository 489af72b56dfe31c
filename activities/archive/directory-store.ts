import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { type HostRef } from '../../workflows/contract/site';
import { fail } from '../failures';
import { type SshHosts } from '../ssh/hosts';
import { sh, type ShellText } from '../ssh/shell';
import { listManifests, noDirectory, readRecords } from './list';
import { type ArchiveStore } from './store';

/** A directory on a volume that is mounted on a host. */
export interface DirectoryPlace {
  readonly host: HostRef;
  readonly directory: string;
}

/** An archive with a few hundred manifests beside it: far less than this. */
const maxOutputBytes = 16 * 1024 * 1024;

/** Archives as files in a directory, with their manifests and verification records beside them. */
export function directoryStore(ssh: SshHosts, place: DirectoryPlace): ArchiveStore {
  const { host, directory } = place;
  const run = async (command: ShellText, signal: AbortSignal): Promise<string> => {
    const options = { signal, maxOutputBytes, allowExit: [0, noDirectory] };
    const { stdout, exitCode } = await ssh.host(host).run(command, options);
    if (exitCode === noDirectory) throw notThere(place);
    return stdout;
  };
  return {
    list: async (site, signal): Promise<BackupRecord[]> =>
      readRecords(await run(listManifests(directory), signal), site),
    remove: async (name, signal) => (await run(removal(directory, name), signal)).trim() === 'removed',
    distrust: async (name, why, signal) => (await run(distrust(directory, name, why), signal)).trim() === 'distrusted',
    rendered: {
      list: () => ssh.render(host, listManifests(directory)),
      remove: (name) => ssh.render(host, removal(directory, name)),
      distrust: (name, why) => ssh.render(host, distrust(directory, name, why)),
    },
  };
}

/** No archives is an answer, no place for them is none: a host that was rebooted has its volume no longer mounted. */
function notThere({ host, directory }: DirectoryPlace): Error {
  return fail(
    'ResourceFailed',
    `there is no ${directory} on ${host.name}. Is the volume still mounted, was it rebooted?`,
    { target: `directory/${host.name}${directory}`, operation: 'archives' },
  );
}

/** Archive first, manifest last: as long as anything is left, the list names it and the removal can be repeated. */
function removal(directory: string, name: string): ShellText {
  const path = pathOf(directory, name);
  const beside = [path, ...['sha256sums', 'verified.json', 'distrusted.json'].map((suffix) => `${path}.${suffix}`)];
  return sh`[ -d ${directory} ] || exit ${noDirectory}; [ ! -e ${`${path}.manifest.json`} ] || echo removed; rm -f ${beside} && rm -f ${`${path}.manifest.json`}`;
}

/** The reason is there before the verification goes: an archive that lost it always says why. */
function distrust(directory: string, name: string, why: string): ShellText {
  const path = pathOf(directory, name);
  const [verified, reason] = [`${path}.verified.json`, `${path}.distrusted.json`];
  return sh`[ -d ${directory} ] || exit ${noDirectory}; [ -e ${verified} ] || exit 0
printf '%s\\n' ${JSON.stringify({ name, why })} > ${`${reason}.new`} && sync ${`${reason}.new`} && mv ${`${reason}.new`} ${reason} && rm ${verified} && sync ${directory} && echo distrusted`;
}

function pathOf(directory: string, name: string): string {
  if (name.includes('/') || name.startsWith('.'))
    throw fail('InvalidInput', `archive ${JSON.stringify(name)}: expected a file name`, {
      target: `directory/${directory}`,
    });
  return `${directory}/${name}`;
}

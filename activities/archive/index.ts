import { type InputOf } from '../../workflows/contract/actions';
import { lookIfOn } from '../cloud';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { type OpenStack } from '../openstack';
import { type SshHosts } from '../ssh/hosts';
import { sh, type ShellText } from '../ssh/shell';
import { type CatalogueDependencies, catalogueActions } from './catalogue';
import { listManifests, noDirectory, readRecords } from './list';

export interface ArchiveDependencies extends CatalogueDependencies {
  readonly openstack: OpenStack;
  readonly ssh: SshHosts;
}

/** An archive with a few hundred manifests beside it: far less than this. */
const maxOutputBytes = 16 * 1024 * 1024;
const allowExit = [0, noDirectory];

/** The actions on archives as they lie on the volume, and on the catalogue of them. */
export function archiveActions(
  dependencies: ArchiveDependencies,
): Pick<Implementations, 'listArchives' | 'removeArchives' | 'readCatalogue' | 'updateCatalogue'> {
  const { openstack, ssh } = dependencies;
  return {
    ...catalogueActions(dependencies),

    listArchives: {
      async do({ place, site }, { signal }) {
        const options = { signal, maxOutputBytes, allowExit };
        const { stdout, exitCode } = await ssh.host(place.host).run(listManifests(place.directory), options);
        if (exitCode === noDirectory) throw notThere(place);
        return { archives: readRecords(stdout, site) };
      },
      async describe({ place, site }, { signal }) {
        const seen = await lookIfOn(openstack, place.host, { signal }, async () => {
          const options = { signal, maxOutputBytes, allowExit };
          return (await ssh.host(place.host).run(listManifests(place.directory), options)).stdout;
        });
        const archives = seen === null ? [] : readRecords(seen, site);
        return {
          command: ssh.render(place.host, listManifests(place.directory)),
          now: seen === null ? null : `${archives.length} archives`,
          changes: false,
          output: { archives },
        };
      },
    },

    removeArchives: {
      async do({ place, remove }, { signal }) {
        const removed: string[] = [];
        for (const { name } of remove) {
          const command = removeArchive(place.directory, name);
          const { stdout, exitCode } = await ssh.host(place.host).run(command, { signal, allowExit });
          if (exitCode === noDirectory) throw notThere(place);
          if (stdout.trim() === 'removed') removed.push(name);
        }
        return { removed };
      },
      async describe({ place, remove }) {
        const commands = remove.map(({ name }) => ssh.render(place.host, removeArchive(place.directory, name)));
        return {
          command: commands.join('\n') || 'rm the archives that the rotation gives up',
          now: null,
          changes: remove.length > 0 ? true : null, // what there will be too many of, only a run knows
          output: { removed: remove.map(({ name }) => name) },
        };
      },
    },
  };
}

/** No archives is an answer, no place for them is none: a host that was rebooted has its volume no longer mounted. */
function notThere({ host, directory }: InputOf<'listArchives'>['place']): Error {
  return fail(
    'ResourceFailed',
    `there is no ${directory} on ${host.name}. Is the volume still mounted, was it rebooted?`,
    {
      target: `directory/${host.name}${directory}`,
      operation: 'listArchives',
    },
  );
}

/** Archive first, manifest last: as long as anything is left, the list names it and the removal can be repeated. */
function removeArchive(directory: string, name: string): ShellText {
  if (name.includes('/') || name.startsWith('.'))
    throw fail('InvalidInput', `archive ${JSON.stringify(name)}: expected a file name`, {
      target: `directory/${directory}`,
    });
  const path = `${directory}/${name}`;
  const beside = [path, `${path}.sha256sums`, `${path}.verified.json`];
  return sh`[ -d ${directory} ] || exit ${noDirectory}; [ ! -e ${`${path}.manifest.json`} ] || echo removed; rm -f ${beside} && rm -f ${`${path}.manifest.json`}`;
}

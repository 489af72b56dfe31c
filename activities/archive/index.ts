import { lookIfOn } from '../cloud';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { type OpenStack } from '../openstack';
import { type SshHosts } from '../ssh/hosts';
import { sh, type ShellText } from '../ssh/shell';
import { type CatalogueDependencies, catalogueActions } from './catalogue';
import { listManifests, readRecords } from './list';

export interface ArchiveDependencies extends CatalogueDependencies {
  readonly openstack: OpenStack;
  readonly ssh: SshHosts;
}

/** An archive with a few hundred manifests beside it: far less than this. */
const maxOutputBytes = 16 * 1024 * 1024;

/** The actions on archives as they lie on the volume, and on the catalogue of them. */
export function archiveActions(
  dependencies: ArchiveDependencies,
): Pick<Implementations, 'listArchives' | 'removeArchives' | 'readCatalogue' | 'updateCatalogue'> {
  const { openstack, ssh } = dependencies;
  return {
    ...catalogueActions(dependencies),

    listArchives: {
      async do({ place, site }, { signal }) {
        const options = { signal, maxOutputBytes };
        const { stdout } = await ssh.host(place.host).run(listManifests(place.directory), options);
        return { archives: readRecords(stdout, site) };
      },
      async describe({ place, site }, { signal }) {
        const seen = await lookIfOn(openstack, place.host, { signal }, async () => {
          const options = { signal, maxOutputBytes };
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
          const { stdout } = await ssh.host(place.host).run(removeArchive(place.directory, name), { signal });
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

/** Archive first, manifest last: as long as anything is left, the list names it and the removal can be repeated. */
function removeArchive(directory: string, name: string): ShellText {
  if (name.includes('/') || name.startsWith('.'))
    throw fail('InvalidInput', `archive ${JSON.stringify(name)}: expected a file name`, {
      target: `directory/${directory}`,
    });
  const path = `${directory}/${name}`;
  const beside = [path, `${path}.sha256sums`, `${path}.verified.json`];
  return sh`[ ! -e ${`${path}.manifest.json`} ] || echo removed; rm -f ${beside} && rm -f ${`${path}.manifest.json`}`;
}

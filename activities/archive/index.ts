import { type InputOf } from '../../workflows/contract/actions';
import { lookIfOn } from '../cloud';
import { failureTypeOf } from '../failures';
import { type Implementations } from '../implementation';
import { type OpenStack } from '../openstack';
import { type SshHosts } from '../ssh/hosts';
import { type CatalogueDependencies, catalogueActions } from './catalogue';
import { directoryStore } from './directory-store';
import { type ArchiveStore } from './store';

export interface ArchiveDependencies extends CatalogueDependencies {
  readonly openstack: OpenStack;
  readonly ssh: SshHosts;
}

type ArchiveAction = 'listArchives' | 'removeArchives' | 'distrustArchive';
type CatalogueAction = 'readCatalogue' | 'updateCatalogue' | 'recordDrill';

/** The actions on archives where they lie, and on the catalogue of them. */
export function archiveActions(
  dependencies: ArchiveDependencies,
): Pick<Implementations, ArchiveAction | CatalogueAction> {
  const { openstack, ssh } = dependencies;
  const storeAt = (place: InputOf<'listArchives'>['place']): ArchiveStore => directoryStore(ssh, place);
  return {
    ...catalogueActions(dependencies),

    listArchives: {
      do: async ({ place, site }, { signal }) => ({ archives: await storeAt(place).list(site, signal) }),
      async describe({ place, site }, { signal }) {
        const look = () => storeAt(place).list(site, signal);
        const seen = await lookIfOn(openstack, place.host, { signal }, look).catch((error: unknown) => {
          // Its volume will only be mounted.
          if (failureTypeOf(error) === 'ResourceFailed') return null;
          throw error;
        });
        return {
          command: storeAt(place).rendered.list(),
          now: seen === null ? null : `${seen.length} archives`,
          changes: false,
          output: { archives: seen ?? [] },
        };
      },
    },

    removeArchives: {
      async do({ place, remove }, { signal }) {
        const removed: string[] = [];
        for (const { name } of remove) if (await storeAt(place).remove(name, signal)) removed.push(name);
        return { removed };
      },
      async describe({ place, remove }) {
        const commands = remove.map(({ name }) => storeAt(place).rendered.remove(name));
        return {
          command: commands.join('\n') || 'rm the archives that the retention gives up',
          now: null,
          changes: remove.length > 0 ? true : null, // what there will be too many of, only a run knows
          output: { removed: remove.map(({ name }) => name) },
        };
      },
    },

    distrustArchive: {
      do: async ({ place, name, why }, { signal }) => ({ changed: await storeAt(place).distrust(name, why, signal) }),
      describe: async ({ place, name, why }) => ({
        command: storeAt(place).rendered.distrust(name, why),
        now: null,
        changes: null, // what a drill comes to, only a run knows
        output: { changed: true },
      }),
    },
  };
}

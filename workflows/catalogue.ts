import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type BackupRecord } from './contract/actions/archives';
import { type CatalogueInput, messages } from './contract/messages';

const catalogued = defineSignal<[BackupRecord[]]>(messages.catalogued);
const backups = defineQuery<BackupRecord[]>(messages.backups);

/**
 * What is known of a site's backups while their server is off.
 *
 * A cache: the manifests beside the archives are the truth, and every backup sends what lies on the volume anew.
 */
export async function catalogue(input: CatalogueInput): Promise<void> {
  let records: readonly BackupRecord[] = input.backups ?? [];
  const show = () =>
    setCurrentDetails(
      [
        `### Backups of ${input.site}`,
        '',
        ...records.map(
          ({ name, createdAt, verified }) => `- ${name}, ${createdAt}, ${verified ? 'verified' : '**not verified**'}`,
        ),
      ].join('\n'),
    );
  setHandler(backups, () => [...records], { description: 'The backups, newest first' });
  setHandler(catalogued, (onVolume) => {
    records = onVolume;
    show();
  });
  show();
  await condition(() => workflowInfo().continueAsNewSuggested);
  await continueAsNew<typeof catalogue>({ site: input.site, backups: records });
}

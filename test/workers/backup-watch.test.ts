import { type Client } from '@temporalio/client';
import { type LoadedSite } from '../../workflows/contract/companions';
import { watchBackups } from '../../workers/backup-watch';
import { modelDocument } from '../sim/site/document';

const siteOf = (name: string): LoadedSite => ({ name, document: modelDocument, sha256: '00' });

test('the catalogue of every site is told the limit, on the queue of its guards; one that cannot be told is said', async () => {
  const sent: unknown[] = [];
  const said: string[] = [];
  const client = {
    workflow: {
      signalWithStart: async (type: string, options: { workflowId: string }) => {
        if (options.workflowId === 'catalogue/far') throw new Error('no connection');
        sent.push({ type, ...options });
      },
    },
  } as unknown as Client;
  await watchBackups(client, [siteOf('far'), siteOf('lab')], (line) => said.push(line));
  expect(sent).toMatchObject([
    {
      ...{ type: 'catalogue', workflowId: 'catalogue/lab', taskQueue: 'runbooks-guard', args: [{ site: 'lab' }] },
      ...{ signal: 'watched', signalArgs: [{ maxAgeHours: 26, notify: modelDocument.notify }] },
    },
  ]);
  expect(said).toEqual(['the age of the backups of far is not watched: no connection']);
});

import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type BackupRecord, catalogueEntry } from '../../../workflows/contract/actions/archives';
import { catalogueActions } from '../../../activities/archive/catalogue';
import { failureOf } from '../cloud/small-cloud';
import { modelDocument } from '../../sim/site/document';
import { contextFor } from '../copy/local-hosts';

const record: BackupRecord = {
  kind: 'archive',
  name: 'lab-1.tar.zst',
  site: 'lab',
  createdAt: '2026-11-20T02:00:00Z',
  bytes: 3,
  sha256: 'ab',
  engine: 'cockroach',
  strategy: 'cold',
  verified: true,
  verifiedAt: '2026-11-20T02:01:00Z',
  rows: { users: 2 },
  marker: null,
  run: 'daily-backup/lab/1',
};

/** The part of a client that is used, answering queries with `answer`. */
function actionsWith(answer: () => Promise<unknown>) {
  const signals: unknown[] = [];
  const client = {
    withDeadline: (_deadline: number, act: () => Promise<unknown>) => act(),
    workflow: {
      getHandle: (workflowId: string) => ({
        query: (name: string) => (expect([workflowId, name]).toEqual(['catalogue/lab', 'backups']), answer()),
      }),
      signalWithStart: async (type: string, options: object) => void signals.push({ type, ...options }),
    },
  } as unknown as Client;
  return {
    signals,
    ...catalogueActions({ client, loadSite: async (name) => ({ name, document: modelDocument, sha256: '00' }) }),
  };
}

test('the catalogue answers while the server is off', async () => {
  const { readCatalogue } = actionsWith(async () => [record]);
  // As a catalogue of before answers.
  expect(await readCatalogue.do({ site: 'lab' }, contextFor())).toEqual({ backups: [catalogueEntry.parse(record)] });
});

test('before the first backup there is no catalogue, and no backup', async () => {
  const { readCatalogue } = actionsWith(() =>
    Promise.reject(new WorkflowNotFoundError('gone', 'catalogue/lab', undefined)),
  );
  expect(await readCatalogue.do({ site: 'lab' }, contextFor())).toEqual({ backups: [] });
});

test('no answer is not an empty catalogue', async () => {
  const { readCatalogue } = actionsWith(() => Promise.reject(new Error('no poller')));
  expect(await failureOf(readCatalogue.do({ site: 'lab' }, contextFor()))).toEqual({
    type: 'Unavailable',
    message: 'catalogue/lab does not answer: no poller',
  });
});

test('a drill is sent to the catalogue', async () => {
  const { recordDrill, signals } = actionsWith(async () => []);
  const at = '2026-11-20T10:00:00Z';
  const drill = { backup: record.name, at, ok: true, rtoMs: 1, rpoMs: 2, problem: null, run: 'restore-drill/lab/1' };
  await recordDrill.do({ site: 'lab', drill }, contextFor());
  expect(signals).toMatchObject([{ workflowId: 'catalogue/lab', signal: 'drilled', signalArgs: [drill] }]);
});

test('what lies on the volume is sent to the catalogue, which starts if need be', async () => {
  const { updateCatalogue, signals } = actionsWith(async () => []);
  await updateCatalogue.do({ site: 'lab', backups: [record] }, contextFor());
  expect(signals).toMatchObject([
    {
      type: 'catalogue',
      workflowId: 'catalogue/lab',
      taskQueue: 'runbooks-guard',
      args: [{ site: 'lab' }],
      signal: 'catalogued',
      signalArgs: [
        {
          backups: [record],
          where: { host: 'backup', directory: '/backup/bookface' },
          by: expect.any(String) as string,
          watch: { maxAgeHours: 26, notify: modelDocument.notify },
        },
      ],
    },
  ]);
});

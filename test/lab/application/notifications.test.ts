import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startNotificationReceiver } from '../../../lab/notifications/receiver';

test('the receiver keeps what it was sent, in order, across a restart, until cleared', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-notifications-'));
  const options = { host: '127.0.0.1', port: 0, file: path.join(directory, 'notifications.jsonl') };
  const first = await startNotificationReceiver(options);
  const post = async (body: string) => (await fetch(first.url, { method: 'POST', body })).status;
  expect(await post(JSON.stringify({ kind: 'started', run: 'r1', text: 'begins', extra: 1 }))).toBe(204);
  expect(await post(JSON.stringify({ kind: 'done', run: 'r1', text: 'ends' }))).toBe(204);
  expect(await post('{"kind":')).toBe(400);
  expect(await post(JSON.stringify({ kind: 'done' }))).toBe(400);
  const kept = [
    { at: expect.any(String) as string, kind: 'started', run: 'r1', text: 'begins' },
    { at: expect.any(String) as string, kind: 'done', run: 'r1', text: 'ends' },
  ];
  expect(first.list()).toEqual(kept);
  await first.close();

  const second = await startNotificationReceiver(options);
  expect(second.list()).toEqual(kept);
  second.clear();
  expect(second.list()).toEqual([]);
  await second.close();

  const third = await startNotificationReceiver(options);
  expect(third.list()).toEqual([]);
  await third.close();
  rmSync(directory, { recursive: true });
});

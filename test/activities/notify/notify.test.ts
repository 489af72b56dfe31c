import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NotifyTarget } from '../../../workflows/contract/site';
import { notifyActions } from '../../../activities/notify';
import { failureOf } from '../cloud/small-cloud';
import { contextFor } from '../copy/local-hosts';

const clock = { now: () => Date.parse('2026-11-20T02:00:00Z') };
const told = { kind: 'done', run: 'daily-backup/lab/1', text: 'verified', at: '2026-11-20T02:00:00.000Z', site: 'lab' };

let server: Server;
let url: string;
let received: unknown[];
let status: number;
let directory: string;

beforeEach(async () => {
  received = [];
  status = 200;
  directory = mkdtempSync(join(tmpdir(), 'notify-'));
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      if (request.url === '/hang') return;
      received.push(JSON.parse(body));
      response.writeHead(status).end('thanks');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

function tell(targets: NotifyTarget[], env: NodeJS.ProcessEnv = {}) {
  const { notify } = notifyActions({ env, clock, timeoutMs: 2_000 });
  return notify.do({ targets, kind: 'done', run: 'daily-backup/lab/1', text: 'verified' }, contextFor());
}

test('every target is told the same', async () => {
  const out = join(directory, 'out');
  const command = [process.execPath, '-e', `process.stdin.pipe(require('fs').createWriteStream(process.argv[1]))`, out];
  await tell([{ webhook: `${url}/a` }, { webhookFromEnv: 'HOOK' }, { command }], { HOOK: `${url}/b` });
  expect(received).toEqual([told, told]);
  expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(told);
});

test('one that cannot be told does not keep the others from it, and its secret stays one', async () => {
  const secret = 'http://127.0.0.1:1/services/T0/secret';
  const { type, message } = await failureOf(tell([{ webhookFromEnv: 'HOOK' }, { webhook: url }], { HOOK: secret }));
  expect(received).toEqual([told]);
  expect(type).toBe('Unavailable');
  expect(message).toBe('not told: webhook of HOOK: no connection');
});

test.each([
  [
    'an answer that is no success',
    () => ((status = 500), [{ webhook: url }]),
    /^not told: webhook at 127.0.0.1:\d+: it answered 500$/,
  ],
  ['no answer', () => [{ webhook: `${url}/hang` }], /no answer in time/],
  [
    'a variable that is not set',
    () => [{ webhookFromEnv: 'HOOK' }],
    /webhook of HOOK: the worker has no such variable/,
  ],
  [
    'a command that fails',
    () => [{ command: ['sh', '-c', 'echo no mail >&2; exit 3'] }],
    /command sh: it ended with 3: no mail/,
  ],
  ['a command that is not there', () => [{ command: ['/nowhere/mail'] }], /it did not start \(ENOENT\)/],
  ['a command that hangs', () => [{ command: ['sleep', '30'] }], /command sleep: it did not end in time/],
] as [string, () => NotifyTarget[], RegExp][])('%s is said', async (_what, targets, message) => {
  expect((await failureOf(tell(targets()))).message).toMatch(message);
});

import { type Client } from 'ssh2';
import { connect, eventually, run, startLab, type TestLab } from './lab';

let lab: TestLab;
const clients: Client[] = [];
beforeEach(async () => {
  lab = await startLab(['db1', 'backup']);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await lab.close();
});

async function login(host: string, options = {}): Promise<Client> {
  const client = await connect(lab.host(host), options);
  clients.push(client);
  return client;
}

/** What a promise has come to by now, after everything else that is due. */
async function stateAfter(ms: number, promise: Promise<unknown>): Promise<'done' | 'pending'> {
  const pending = new Promise<'pending'>((resolve) => setTimeout(resolve, ms, 'pending'));
  return Promise.race([promise.then(() => 'done' as const), pending]);
}

test('a cut host is silent; mended, its connections go on where they were', async () => {
  const client = await login('db1');
  await run(client, 'true');

  lab.host('db1').cut();
  const command = run(client, 'echo heard');
  const connecting = login('db1', { readyTimeout: 0 });
  expect(await stateAfter(200, Promise.race([command, connecting]))).toBe('pending');
  expect((await lab.host('db1').exec('echo console')).stdout).toBe('console\n');

  lab.host('db1').mend();
  expect(await command).toMatchObject({ code: 0, stdout: 'heard\n' });
  await connecting;
});

test('a cut host that loses its power says so only when it is mended', async () => {
  const client = await login('db1');
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  lab.host('db1').cut();
  await lab.host('db1').powerOff();
  const connecting = connect(lab.host('db1'), { readyTimeout: 0 }).catch((error: Error) => error.message);
  expect(await stateAfter(200, Promise.race([closed, connecting]))).toBe('pending');

  lab.host('db1').mend();
  await closed;
  expect(await connecting).toMatch(/ECONNRESET|closed|ended/);
  await expect(connect(lab.host('db1'))).rejects.toThrow('ECONNREFUSED');
});

test('a client that gives up on a cut host leaves nothing behind it', async () => {
  lab.host('db1').cut();
  await expect(connect(lab.host('db1'), { readyTimeout: 100 })).rejects.toThrow('Timed out');
  lab.host('db1').mend();
  expect(await run(await login('db1'), 'echo well')).toMatchObject({ stdout: 'well\n' });
});

test('what a slow host sends takes its time; others are not slowed', async () => {
  const megabyte = 'head -c 1000000 /dev/zero';
  const timed = async (client: Client, commands: string[]) => {
    const start = performance.now();
    await Promise.all(commands.map((command) => run(client, command)));
    return performance.now() - start;
  };
  const [slow, other] = [await login('db1'), await login('backup')];

  lab.host('db1').slow(16); // 2 MB/s
  const one = await timed(slow, [megabyte]);
  const two = await timed(slow, [megabyte, megabyte]);
  expect(one).toBeGreaterThan(400);
  expect(two / one).toBeGreaterThan(1.5);
  expect(await timed(other, [megabyte])).toBeLessThan(one);

  const lifted = timed(slow, [megabyte, megabyte, megabyte, megabyte, megabyte]);
  lab.host('db1').slow(null);
  expect((await lifted) / two).toBeLessThan(2);
});

test('the connections a host makes itself are slow and cut like those made to it', async () => {
  const [db1, backup] = [lab.host('db1'), lab.host('backup')];
  const key = await backup.exec(
    'ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519; cat /root/.ssh/id_ed25519.pub',
  );
  await db1.authorize(key.stdout);
  const pull = 'ssh -o StrictHostKeyChecking=accept-new db1 head -c 1000000 /dev/zero | wc -c >> /root/pulled';
  expect((await backup.exec(`${pull}; cat /root/pulled`)).stdout).toBe('1000000\n');

  backup.slow(16);
  const start = performance.now();
  await backup.exec(pull);
  expect(performance.now() - start).toBeGreaterThan(450);
  backup.slow(null);

  backup.cut();
  const cut = backup.exec(pull);
  expect(await stateAfter(200, cut)).toBe('pending');
  expect((await run(await login('db1'), 'echo not cut')).stdout).toBe('not cut\n');
  backup.mend();
  expect((await cut).code).toBe(0);
  await eventually(
    'all three came',
    async () => (await backup.exec('cat /root/pulled')).stdout === '1000000\n'.repeat(3),
  );
});

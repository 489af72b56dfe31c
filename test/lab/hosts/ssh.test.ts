import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expectOnceQuicker } from '../../support/once-quicker';
import { begin, connect, run, startLab, type TestLab, user } from './lab';

let lab: TestLab;
beforeAll(async () => {
  lab = await startLab(['manager']);
});
afterAll(() => lab.close());

/** OpenSSH's client, which accepts only the key the host had when this was called. */
function openSsh(...command: string[]): Promise<{ stdout: string; stderr: string }> {
  const manager = lab.host('manager');
  const { spec } = manager;
  const knownHosts = join(lab.directory, 'known_hosts');
  writeFileSync(knownHosts, `[${spec.address}]:${spec.port} ${manager.hostPublicKey()}\n`);
  writeFileSync(join(lab.directory, 'key'), user.private, { mode: 0o600 });
  const options = [
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${knownHosts}`,
    'BatchMode=yes',
    'IdentitiesOnly=yes',
  ];
  const args = [
    '-F',
    'none',
    '-i',
    join(lab.directory, 'key'),
    '-p',
    String(spec.port),
    ...options.map((o) => `-o${o}`),
  ];
  return promisify(execFile)('ssh', [...args, `root@${spec.address}`, ...command]);
}

test('OpenSSH runs commands: output, errors and exit code apart', async () => {
  expect(await openSsh('hostname; echo no >&2')).toEqual({ stdout: 'manager\n', stderr: 'no\n' });
  await expect(openSsh('exit 42')).rejects.toMatchObject({ code: 42 });
});

test("a command is not held back: Nagle's algorithm alone would make each 40 ms or more", async () => {
  const client = await connect(lab.host('manager'));
  await expectOnceQuicker(30, () => run(client, 'true'));
  client.end();
});

test('a command reads its input to the end, and large outputs arrive whole', async () => {
  const client = await connect(lab.host('manager'));
  const input = 'x'.repeat(3_000_000);
  const { code, stdout } = await run(client, 'cat; echo end', { during: (channel) => void channel.end(input) });
  client.end();
  expect(code).toBe(0);
  expect(stdout.length).toBe(input.length + 4);
});

test('a signal reaches the whole process group, and a trap decides', async () => {
  const client = await connect(lab.host('manager'));
  const killed = await begin(client, 'sleep 60 | cat');
  killed.channel.signal('TERM');
  const trapped = await begin(client, 'sleep 60 & wait', 'trap "echo trapped; exit 3" TERM');
  trapped.channel.signal('TERM');
  const [first, second] = await Promise.all([killed.outcome, trapped.outcome]);
  client.end();
  expect(first).toMatchObject({ code: null, signal: 'SIGTERM' });
  expect(second).toMatchObject({ code: 3, stdout: 'started\ntrapped\n' });
});

test('what a lost connection left running goes on', async () => {
  const manager = lab.host('manager');
  const client = await connect(manager);
  await run(client, '(sleep 0.3; echo yes > /root/went-on) >/dev/null 2>&1 &');
  client.destroy();
  const { stdout } = await manager.exec('while ! [ -s /root/went-on ]; do sleep 0.02; done; cat /root/went-on');
  expect(stdout).toBe('yes\n');
});

test('a terminal has the size that was asked for', async () => {
  const client = await connect(lab.host('manager'));
  const pty = { cols: 101, rows: 33, term: 'vt100' };
  const { code, stdout } = await run(client, 'stty size; echo $TERM; tty; exit 7', { pty, during: () => undefined });
  client.end();
  expect(stdout.split('\r\n').slice(0, 3)).toEqual(['33 101', 'vt100', expect.stringMatching(/^\/dev\/pts\//)]);
  expect(code).toBe(7);
});

test('a forwarded connection comes from the host', async () => {
  const manager = lab.host('manager');
  const server = createServer((socket) => socket.end(`hello ${socket.remoteAddress}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = await connect(manager);
  const text = await new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, (error, channel) => {
      if (error) return reject(error);
      channel.setEncoding('utf8').on('data', resolve);
    });
  });
  client.end();
  server.close();
  expect(text).toBe(`hello ${manager.spec.address}`);
});

test('a changed host key is another one from the next connection on, until it is restored', async () => {
  const manager = lab.host('manager');
  const known = manager.hostPublicKey();
  const hostVerifier = (key: Buffer) => key.toString('base64') === known.split(' ')[1];
  const connected = await connect(manager);

  manager.changeHostKey();

  expect((await run(connected, 'echo on')).stdout).toBe('on\n');
  connected.end();
  await expect(connect(manager, { hostVerifier })).rejects.toThrow('Host denied');
  expect(manager.hostPublicKey()).not.toBe(known);
  manager.restoreHostKey();
  (await connect(manager, { hostVerifier })).end();
});

test('without SSH the port refuses and sessions are reset; the console still works', async () => {
  const manager = lab.host('manager');
  const client = await connect(manager);
  const waiting = await begin(client, 'sleep 60');

  manager.setSsh(false);

  expect(manager).toMatchObject({ ssh: false, power: 'on' });
  expect((await waiting.outcome).code).toBeUndefined();
  await expect(connect(manager)).rejects.toThrow('ECONNREFUSED');
  expect(await manager.exec('cat; exit 5', { stdin: 'console' })).toEqual({ code: 5, stdout: 'console', stderr: '' });
  manager.setSsh(true);
  (await connect(manager)).end();
});

test('only root with an authorised key gets in', async () => {
  const manager = lab.host('manager');
  await expect(connect(manager, { username: 'admin' })).rejects.toThrow('authentication methods failed');
  await expect(connect(manager, { privateKey: undefined, password: 'root' })).rejects.toThrow(
    'authentication methods failed',
  );
});

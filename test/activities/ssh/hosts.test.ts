import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utils } from 'ssh2';
import { failureDetailsOf, failureTypeOf } from '../../../activities/failures';
import { createSshHosts, type SshHosts, type SshHostsOptions } from '../../../activities/ssh/hosts';
import { sh } from '../../../activities/ssh/shell';
import { expectOnceQuicker } from '../../support/once-quicker';
import { makeKey, TestHost, until, withMutePort } from './server';

let server: TestHost;
const open: SshHosts[] = [];

beforeEach(async () => {
  server = await TestHost.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((hosts) => hosts.close()));
  await server.stop();
});

function client(options: Partial<SshHostsOptions> = {}): SshHosts {
  const hosts = createSshHosts({ env: {}, home: server.clientHome, ...options });
  open.push(hosts);
  return hosts;
}
const host = (options?: Partial<SshHostsOptions>) => client(options).host(server.ref);

/** The failure of a promise that must fail, as `Type: message`. */
async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    (value) => new Error(`did not fail: ${JSON.stringify(value)}`),
    (thrown: Error) => thrown,
  );
  return `${failureTypeOf(error) ?? 'none'}: ${error.message}`;
}

describe('a command', () => {
  test('gives its output, its errors and its exit code', async () => {
    const result = await host().run(sh`echo out; echo err >&2; exit 3`, { allowExit: [0, 3] });
    expect(result).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3 });
  });

  test('with an exit code that is not allowed is ResourceFailed, with the code and the end of its errors', async () => {
    const error: unknown = await host()
      .run(sh`echo no space left >&2; exit 4`)
      .catch((thrown: unknown) => thrown);
    expect(failureTypeOf(error)).toBe('ResourceFailed');
    expect((error as Error).message).toBe(
      `db1: command 'echo no space left >&2; exit 4' ended with exit code 4: no space left`,
    );
    expect(failureDetailsOf(error)).toMatchObject({ exitCode: 4, stderrTail: 'no space left\n', target: 'host/db1' });
  });

  test('ended by a signal is ResourceFailed, naming the signal', async () => {
    expect(await failure(host().run(sh`kill -KILL $$`))).toMatch(/^ResourceFailed: .* was ended by SIGKILL/);
  });

  test('gets standard input whole, and its end', async () => {
    const stdin = Buffer.alloc(3_000_000, 'x');
    expect((await host().run(sh`wc -c`, { stdin })).stdout.trim()).toBe('3000000');
  });

  test('may write a great deal, but not more than it is allowed', async () => {
    const write = sh`head -c 3000000 /dev/zero`;
    expect((await host().run(write, { maxOutputBytes: 3_000_000 })).stdout).toHaveLength(3_000_000);
    expect(await failure(host().run(write))).toMatch(/^ResourceFailed: .* wrote more than 1048576 bytes/);
    expect((await host().run(sh`head -c 3000000 /dev/zero >&2`)).stderr).toHaveLength(65_536);
  });

  test('that leaves a process behind returns all the same', async () => {
    const { stdout } = await host().run(sh`sleep 20 & echo done`);
    expect(stdout).toBe('done\n');
  });

  test('is not held back for the other side to acknowledge it: that takes 80 ms and more, every time', async () => {
    const db1 = host();
    await expectOnceQuicker(50, () => db1.run(sh`true`));
  });
});

describe('ending a command', () => {
  test('an aborted one is sent TERM, and run throws the reason', async () => {
    const abort = new AbortController();
    const running = host().run(sh`touch begun; exec sleep 20`, { signal: abort.signal });
    await until(() => existsSync(join(server.home, 'begun')), 'the command runs');
    abort.abort(new Error('cancelled by somebody'));
    await expect(running).rejects.toThrow('cancelled by somebody');
    await until(() => server.openChannels === 0, 'the command has ended');
    expect(server.signals).toEqual(['TERM']);
  });

  test('one that takes too long is sent TERM and is Unavailable, or UnknownOutcome if it must not be repeated', async () => {
    const db1 = host();
    const slow = sh`exec sleep 20`;
    expect(await failure(db1.run(slow, { timeoutMs: 100 }))).toMatch(/^Unavailable: .* no answer within 0.1 s/);
    expect(await failure(db1.run(slow, { timeoutMs: 100, repeatable: false }))).toMatch(/^UnknownOutcome: /);
    await until(() => server.openChannels === 0, 'the commands have ended');
    expect(server.signals).toEqual(['TERM', 'TERM']);
    expect((await db1.run(sh`echo fine`)).stdout).toBe('fine\n');
  });

  test('one that was aborted before it began is not sent', async () => {
    await expect(host().run(sh`true`, { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
    expect(server.commands).toEqual([]);
  });
});

describe('a lost answer is never success', () => {
  test.each([
    ['the connection drops before the command is taken', 'drop-before-exec'],
    ['the connection drops while it runs', 'drop-after-exec'],
    ['the connection drops before the exit status', 'drop-before-exit'],
    ['the channel closes without an exit status', 'no-exit'],
  ] as const)('when %s', async (_when, fault) => {
    const db1 = host();
    await db1.run(sh`true`);
    server.faults.push(fault, fault);
    expect(await failure(db1.run(sh`echo hello`))).toMatch(/^Unavailable: /);
    expect(await failure(db1.run(sh`echo hello`, { repeatable: false }))).toMatch(
      /^UnknownOutcome: .* may or may not have run/,
    );
    expect((await db1.run(sh`echo again`)).stdout).toBe('again\n');
  });

  test('a command the host refuses to run has not run: Unavailable whatever it is', async () => {
    server.faults.push('refuse-exec');
    expect(await failure(host().run(sh`true`, { repeatable: false }))).toMatch(/^Unavailable: .* was not started/);
  });

  test('a peer gone silent is noticed without waiting for the command to time out', async () => {
    const db1 = host({ keepAliveMs: 1_000 });
    await db1.run(sh`true`);
    server.faults.push('silent');
    expect(await failure(db1.run(sh`true`))).toMatch(/^Unavailable: .* lost/);
    expect((await db1.run(sh`echo back`)).stdout).toBe('back\n');
  });
});

describe('connecting', () => {
  test('an unknown host key is HostKeyMismatch, and nothing is sent', async () => {
    writeFileSync(server.knownHosts, '');
    const message = await failure(host().run(sh`true`));
    expect(message).toMatch(/^HostKeyMismatch: \[127.0.0.1\]:\d+ presents the ssh-ed25519 key SHA256:/);
    expect(message).toContain(server.knownHosts);
    expect(server.commands).toEqual([]);
  });

  test('a changed host key is HostKeyMismatch, until known_hosts says otherwise', async () => {
    const right = readFileSync(server.knownHosts, 'utf8');
    writeFileSync(server.knownHosts, `[127.0.0.1]:${server.port} ${makeKey().public}\n`);
    const db1 = host();
    expect(await failure(db1.run(sh`true`))).toMatch(/^HostKeyMismatch: .* wanted the one of .*known_hosts:1/);
    writeFileSync(server.knownHosts, right);
    expect((await db1.run(sh`true`)).exitCode).toBe(0);
  });

  test('a host with several keys shows the one we know', async () => {
    const keys = [makeKey(), makeKey('rsa'), makeKey('ecdsa')];
    const several = await TestHost.start({ hostKeys: keys });
    try {
      for (const key of keys) {
        writeFileSync(several.knownHosts, `[127.0.0.1]:${several.port} ${key.public}\n`);
        const hosts = client({ home: several.clientHome });
        expect((await hosts.host(several.ref).run(sh`true`)).exitCode).toBe(0);
      }
    } finally {
      await several.stop();
    }
  });

  test('RUNBOOK_KNOWN_HOSTS and RUNBOOK_SSH_KEY are used instead of what lies in ~/.ssh', async () => {
    const env = { RUNBOOK_KNOWN_HOSTS: server.knownHosts, RUNBOOK_SSH_KEY: server.keyFile };
    expect((await host({ env, home: server.home }).run(sh`true`)).exitCode).toBe(0);
    expect(await failure(host({ env: { ...env, RUNBOOK_KNOWN_HOSTS: '/dev/null' } }).run(sh`true`))).toMatch(
      /^HostKeyMismatch: .*\/dev\/null/,
    );
  });

  test('a key the host does not take is AuthDenied, naming user, host and key', async () => {
    writeFileSync(server.keyFile, makeKey().private);
    const message = await failure(host().run(sh`true`));
    expect(message).toMatch(/^AuthDenied: 127.0.0.1:\d+ refuses operator with .*id_ed25519 \(SHA256:/);
  });

  test('a key with a passphrase and no agent is AuthDenied, and says what to do', async () => {
    const secret = { passphrase: 'secret', cipher: 'aes256-ctr', rounds: 1 };
    writeFileSync(server.keyFile, utils.generateKeyPairSync('ecdsa', { bits: 256, ...secret }).private);
    expect(await failure(host().run(sh`true`))).toMatch(/^AuthDenied: .*has a passphrase.*ssh-add .*id_ed25519/);
  });

  test('no key at all is AuthDenied', async () => {
    rmSync(server.keyFile);
    expect(await failure(host().run(sh`true`))).toMatch(/^AuthDenied: no key to log in with as operator/);
  });

  test('a port where nothing listens is Unavailable', async () => {
    let unused = 0;
    await withMutePort(async (port) => void (unused = port));
    expect(
      await failure(
        client()
          .host({ ...server.ref, port: unused })
          .run(sh`true`),
      ),
    ).toMatch(/^Unavailable: no SSH connection to 127.0.0.1:\d+: nothing listens there/);
  });

  test('a server that accepts and says nothing is Unavailable after the connect timeout, also for all who wait', () =>
    withMutePort(async (port) => {
      const silent = client({ connectTimeoutMs: 200 }).host({ ...server.ref, port });
      const messages = await Promise.all([failure(silent.run(sh`true`)), failure(silent.run(sh`true`))]);
      for (const message of messages) expect(message).toMatch(/^Unavailable: .* no answer in time/);
    }));

  test('an abort does not wait for a connection that does not come', () =>
    withMutePort(async (port) => {
      const abort = new AbortController();
      const running = client({ connectTimeoutMs: 500 })
        .host({ ...server.ref, port })
        .run(sh`true`, { signal: abort.signal });
      abort.abort(new Error('enough'));
      await expect(running).rejects.toThrow('enough');
    }));

  test('an alias of ~/.ssh/config is reached through its jump host, both verified', async () => {
    const jump = await TestHost.start();
    const config = join(server.clientHome, '.ssh', 'config');
    writeFileSync(
      config,
      `Host inner\n  HostName 127.0.0.1\n  Port ${server.port}\n  User operator\n  ProxyJump operator@127.0.0.1:${jump.port}\n`,
    );
    const ref = { name: 'inner', address: 'inner', jobs: server.ref.jobs };
    try {
      expect(
        await failure(
          client()
            .host(ref)
            .run(sh`true`),
        ),
      ).toMatch(`HostKeyMismatch: [127.0.0.1]:${jump.port}`);
      writeFileSync(server.knownHosts, readFileSync(server.knownHosts, 'utf8') + readFileSync(jump.knownHosts, 'utf8'));
      expect(
        (
          await client()
            .host(ref)
            .run(sh`echo inside`)
        ).stdout,
      ).toBe('inside\n');
      expect([server.connections, jump.connections, jump.commands.length]).toEqual([1, 2, 0]);
      writeFileSync(server.knownHosts, readFileSync(jump.knownHosts, 'utf8'));
      expect(
        await failure(
          client()
            .host(ref)
            .run(sh`true`),
        ),
      ).toMatch(`HostKeyMismatch: [127.0.0.1]:${server.port}`);
    } finally {
      await jump.stop();
    }
  });
});

describe('connections', () => {
  test('are shared, with at most eight commands at a time on one', async () => {
    const hosts = client();
    await Promise.all(Array.from({ length: 20 }, () => hosts.host(server.ref).run(sh`sleep 0.05`)));
    expect(server.connections).toBe(1);
    expect(server.mostChannels).toBe(8);
  });

  test('a command that waits in line can be given up', async () => {
    const db1 = host({ channels: 1 });
    const abort = new AbortController();
    const first = db1.run(sh`touch begun; until [ -e go ] || [ ! -d "$PWD" ]; do sleep 0.02; done`);
    await until(() => existsSync(join(server.home, 'begun')), 'the first runs');
    const second = db1.run(sh`true`, { signal: abort.signal });
    const third = db1.run(sh`echo third`);
    setImmediate(() => abort.abort(new Error('enough')));
    await expect(second).rejects.toThrow('enough');
    writeFileSync(join(server.home, 'go'), '');
    await first;
    expect((await third).stdout).toBe('third\n');
  });

  test('are made anew after a loss', async () => {
    const db1 = host();
    await db1.run(sh`true`);
    server.cut();
    await until(
      () =>
        db1.run(sh`true`).then(
          () => true,
          () => false,
        ),
      'the host is reached again',
    );
    expect(server.connections).toBe(2);
  });

  test('are closed when nobody uses them for a while', async () => {
    const db1 = host({ idleMs: 50 });
    await db1.run(sh`sleep 0.1`);
    expect(server.live).toBe(1);
    await until(() => server.live === 0, 'the idle connection is closed');
    expect((await db1.run(sh`echo again`)).stdout).toBe('again\n');
  });

  test('that nobody uses are closed, longest unused first, when there are too many', async () => {
    const hosts = client({ mostIdle: 1 });
    // Another user is another connection.
    const other = { ...server.ref, user: 'somebody-else' };
    await hosts.host(server.ref).run(sh`true`);
    await hosts.host(other).run(sh`true`);
    await until(() => server.live === 1, 'the first one is closed');
    const before = server.connections;
    await hosts.host(other).run(sh`true`);
    expect(server.connections).toBe(before);
    await hosts.host(server.ref).run(sh`true`);
    expect(server.connections).toBe(before + 1);
  });

  test('are all closed by close, while commands on them fail', async () => {
    const hosts = client();
    const running = failure(hosts.host(server.ref).run(sh`touch begun; sleep 20`));
    await until(() => existsSync(join(server.home, 'begun')), 'the command runs');
    await hosts.close();
    expect(await running).toMatch(/^Unavailable: /);
    await until(() => server.live === 0, 'no connection is left');
  });
});

test('a command is rendered as an operator would type it, whatever is in it', () => {
  const hosts = client();
  const ref = { ...server.ref, address: 'db1.example', port: 2222, user: 'root' };
  expect(hosts.render(ref, sh`tar -C ${'/bf data'} -cf - .`)).toBe(
    `ssh -p 2222 root@db1.example -- 'tar -C '\\''/bf data'\\'' -cf - .'`,
  );
  expect(hosts.render({ name: 'a', address: 'alias', jobs: ref.jobs }, sh`uptime`)).toBe(`ssh alias -- 'uptime'`);
});

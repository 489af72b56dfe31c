import { utils } from 'ssh2';
import { findPermission } from '../../../lab/hosts/authorized-keys';
import { newHostKey } from '../../../lab/hosts/host-key';
import { connect, run, startLab, type TestLab } from './lab';

const { public: mine } = newHostKey();
const { public: other } = newHostKey();
const NOW = new Date('2026-11-21T02:00:00Z');

function allowed(...lines: string[]) {
  const key = Buffer.from(mine.split(' ')[1] as string, 'base64');
  return findPermission(lines.join('\n'), key, '10.1.2.3', NOW);
}

const full = { pty: true, forwarding: true };
const none = { pty: false, forwarding: false };

test.each([
  ['a plain key', mine, full],
  ['a comment after it', `${mine} someone@somewhere`, full],
  ["somebody else's key", other, undefined],
  ['a key commented out', `# ${mine}`, undefined],
  ['restrict', `restrict ${mine}`, none],
  ['restrict, but a terminal', `restrict,pty ${mine}`, { pty: true, forwarding: false }],
  ['no forwarding', `no-port-forwarding,no-X11-forwarding ${mine}`, { pty: true, forwarding: false }],
  ['a forced command', `command="say \\"a, b\\" twice" ${mine}`, { ...full, command: 'say "a, b" twice' }],
  ['from this address', `from="10.9.9.9,10.1.2.3" ${mine}`, full],
  ['from this network', `from="10.1.0.0/16" ${mine}`, full],
  ['from a pattern', `from="10.1.2.?" ${mine}`, full],
  ['from elsewhere', `from="10.2.0.0/16,10.1.2.30" ${mine}`, undefined],
  ['from all but this address', `from="10.1.*,!10.1.2.3" ${mine}`, undefined],
  ['not yet expired', `expiry-time="20261121020001Z" ${mine}`, full],
  ['expired', `expiry-time="202611210200Z" ${mine}`, undefined],
  ['expired days ago, in local time', `expiry-time="20261118" ${mine}`, undefined],
  ['an expiry that is no time', `expiry-time="tomorrow" ${mine}`, undefined],
  ['an option it does not know', `restrict,permit-everything ${mine}`, undefined],
  ['an option without the value it needs', `command ${mine}`, undefined],
  [
    'everything a pull key has',
    `restrict,from="10.1.2.3",expiry-time="20261122",command="pull" ${mine}`,
    { ...none, command: 'pull' },
  ],
])('%s', (_name, line, permission) => {
  expect(allowed(line)).toEqual(permission);
});

test('a later line may allow what an earlier one does not', () => {
  expect(allowed('', '# keys', `expiry-time="20200101" ${mine}`, other, `restrict ${mine}`)).toEqual(none);
});

test('keys of other types are compared too', () => {
  const rsa = utils.generateKeyPairSync('rsa', { bits: 2048 }).public;
  const key = Buffer.from(rsa.split(' ')[1] as string, 'base64');
  expect(findPermission(`restrict ${rsa}`, key, '10.1.2.3', NOW)).toEqual(none);
});

describe('between hosts', () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await startLab(['db1', 'backup', 'www1']);
    for (const name of ['backup', 'www1']) {
      await lab.host(name).exec('ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519');
      const { spec, hostPublicKey } = { spec: lab.host('db1').spec, hostPublicKey: lab.host('db1').hostPublicKey() };
      await lab.host(name).exec('cat > /root/.ssh/known_hosts', { stdin: `[db1]:${spec.port} ${hostPublicKey}\n` });
    }
  });
  afterAll(() => lab.close());

  const ssh = (from: string, command: string) =>
    lab.host(from).exec(`ssh -o BatchMode=yes -o StrictHostKeyChecking=yes db1 ${command}`);

  test('a temporary key works from its host, for its command, and no longer than its line is there', async () => {
    const db1 = lab.host('db1');
    const key = (await lab.host('backup').exec('cat /root/.ssh/id_ed25519.pub')).stdout.trim();
    const line = `restrict,from="${lab.host('backup').spec.address}",command="echo $SSH_ORIGINAL_COMMAND for \\$LAB_HOST" ${key}`;
    await db1.authorize(line.replace('$SSH', '\\$SSH').replaceAll('\\$', '$'));

    expect(await ssh('backup', 'list store')).toEqual({ code: 0, stdout: 'list store for db1\n', stderr: '' });

    // The same key, stolen by another host.
    const identity = (await lab.host('backup').exec('cat /root/.ssh/id_ed25519')).stdout;
    await lab.host('www1').exec('cat > /root/.ssh/id_ed25519', { stdin: identity });
    expect((await ssh('www1', 'list store')).stderr).toContain('Permission denied (publickey)');

    await db1.exec(`sed -i '/echo/d' /root/.ssh/authorized_keys`);
    expect((await ssh('backup', 'list store')).stderr).toContain('Permission denied (publickey)');
  });

  test('a restricted key gets no terminal', async () => {
    const { private: privateKey, public: publicKey } = newHostKey();
    const db1 = lab.host('db1');
    await db1.authorize(`restrict ${publicKey}`);
    const client = await connect(db1, { privateKey });
    await expect(run(client, 'true', { pty: true })).rejects.toThrow('Unable to request a pseudo-terminal');
    client.end();
  });

  test('scp copies between hosts, by names', async () => {
    const key = (await lab.host('backup').exec('cat /root/.ssh/id_ed25519.pub; echo data > /root/file')).stdout;
    await lab.host('db1').authorize(key);
    const copied = await lab.host('backup').exec('scp -q -o BatchMode=yes /root/file db1:/bfdata/file');
    expect(copied).toMatchObject({ code: 0, stderr: '' });
    expect((await lab.host('db1').exec('cat /bfdata/file')).stdout).toBe('data\n');
  });
});

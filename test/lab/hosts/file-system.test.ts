import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeIsolation } from '../../../lab/hosts/host';
import { startLab, type TestLab } from './lab';

let lab: TestLab;
let programs: string;

async function start(isolation: 'namespaces' | 'directories'): Promise<void> {
  programs = mkdtempSync(join(tmpdir(), 'lab-programs-'));
  chmodSync(programs, 0o755);
  writeFileSync(join(programs, 'engine'), '#!/bin/sh\necho "engine on $LAB_HOST: $1"\n', { mode: 0o755 });
  const binds = [
    { from: join(programs, 'engine'), to: '/lab/bin/engine' },
    { from: programs, to: '/lab/programs' },
  ];
  lab = await startLab(['db1', 'backup'], { isolation, binds });
}
afterEach(async () => {
  await lab.close();
  rmSync(programs, { recursive: true, force: true });
});

const sh = async (command: string) => {
  const { stdout, stderr } = await lab.host('db1').exec(command);
  return stdout + stderr;
};

(probeIsolation() === 'namespaces' ? describe : describe.skip)('in namespaces', () => {
  beforeEach(() => start('namespaces'));

  test('a host has its own name, processes and neighbours, and root', async () => {
    expect(await sh('hostname; id -u; echo ~root; cat /etc/hostname')).toBe('db1\n0\n/root\ndb1\n');
    expect(await sh('getent hosts backup | xargs')).toBe(`${lab.host('backup').spec.address} backup\n`);
    expect(await sh('cat /proc/1/comm')).toBe('bash\n');
    expect(Number(await sh('ls /proc | grep -c "^[0-9]"'))).toBeLessThan(10);
  });

  test('nothing of the machine can be written or seen beyond its programs', async () => {
    for (const path of [
      '/etc/x',
      '/usr/x',
      '/usr/bin/x',
      '/x',
      '/lab/bin/x',
      '/lab/programs/engine',
      '/proc/sys/vm/swappiness',
    ])
      expect(await sh(`echo 1 > ${path}`)).toMatch(/Read-only file system|Permission denied|No such file/);
    expect(await sh(`ls ${process.cwd()}`)).toContain('No such file or directory');
    expect(await sh(`ls ${lab.directory}`)).toContain('No such file or directory');
  });

  test('programs the lab adds come first on the path, in login shells too', async () => {
    expect(await sh('engine a; bash -lc "engine b"; /lab/programs/engine c')).toBe(
      'engine on db1: a\nengine on db1: b\nengine on db1: c\n',
    );
    expect(await sh('command -v ssh')).toBe('/lab/bin/ssh\n');
  });
});

describe('in directories', () => {
  beforeEach(() => start('directories'));

  test('programs the lab adds are on the path, and what a host path stands for is said', async () => {
    const db1 = lab.host('db1');
    expect(await sh(`engine a; ${db1.hostPath('/lab/programs/engine')} b; ${db1.hostPath('/lab/bin/engine')} c`)).toBe(
      'engine on db1: a\nengine on db1: b\nengine on db1: c\n',
    );
    expect(db1.hostPath('/bfdata/store')).toBe(join(lab.directory, 'db1/bfdata/store'));
    expect(db1.hostPath('/usr/bin/env')).toBe('/usr/bin/env');
  });

  test('a volume is attached by mount, until the power goes', async () => {
    const backup = lab.host('db1').hostPath('/backup');
    expect(await sh('mountpoint -q /backup || mount /backup && mountpoint /backup')).toBe('/backup is a mountpoint\n');
    expect(await sh(`echo data > ${backup}/x; umount /backup; ls ${backup}; umount /backup`)).toBe(
      'umount: /backup: not mounted.\n',
    );
    expect(await sh(`mount ${backup}; cat ${backup}/x; mount /backup; mount /other`)).toBe(
      "data\nmount: /backup: already mounted.\nmount: /other: can't find in /etc/fstab.\n",
    );
    await lab.host('db1').powerOff();
    await lab.host('db1').boot();
    expect(await sh('mountpoint /backup')).toBe('/backup is not a mountpoint\n');
    expect(() => lab.host('db1').fillDisk()).toThrow('can only be filled where hosts are isolated by namespaces');
  });

  test('hosts reach each other by name, from their own addresses, with the keys of their own homes', async () => {
    const [db1, backup] = [lab.host('db1'), lab.host('backup')];
    const key = await sh('ssh-keygen -q -t ed25519 -N "" -f ~/.ssh/id_ed25519; cat ~/.ssh/id_ed25519.pub');
    await backup.authorize(`restrict,from="${db1.spec.address}" ${key}`);
    await db1.exec('cat > ~/.ssh/known_hosts', { stdin: `[backup]:${backup.spec.port} ${backup.hostPublicKey()}\n` });
    expect(await sh('ssh -o BatchMode=yes -o StrictHostKeyChecking=yes backup \'echo "on $LAB_HOST"\'')).toBe(
      'on backup\n',
    );
    await backup.exec("sed -i 's/^restrict,/no-such-option,&/' ~/.ssh/authorized_keys");
    expect(await sh('ssh -o BatchMode=yes -o StrictHostKeyChecking=yes backup true')).toContain('Permission denied');
    backup.changeHostKey();
    expect(await sh('ssh -o BatchMode=yes -o StrictHostKeyChecking=yes backup true')).toContain(
      'IDENTIFICATION HAS CHANGED',
    );
  });
});

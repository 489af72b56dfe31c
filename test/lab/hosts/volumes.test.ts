import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { probeIsolation } from '../../../lab/hosts/host';
import { begin, connect, startLab, type TestLab } from './lab';

let lab: TestLab;
beforeEach(async () => {
  lab = await startLab(['backup']);
});
afterEach(() => lab.close());

const sh = (command: string) => lab.host('backup').exec(command);

const inNamespaces = probeIsolation() === 'namespaces' ? describe : describe.skip;

inNamespaces('a volume', () => {
  test('is attached by mount, and by nothing else', async () => {
    expect((await sh('mountpoint -q /backup')).code).not.toBe(0);
    expect((await sh('touch /backup/x')).stderr).toContain('Read-only file system');

    expect(await sh('mount /backup && echo data > /backup/x && mountpoint -q /backup')).toMatchObject({ code: 0 });
    expect((await sh('findmnt -n -o TARGET /backup; df --output=target /backup | tail -1')).stdout).toBe(
      '/backup\n/backup\n',
    );
    expect(readdirSync(join(lab.directory, 'backup.volume'))).toEqual(['x']);

    expect((await sh('umount /backup && ls -A /backup')).stdout).toBe('');
    await sh('mount /backup');
    await lab.host('backup').powerOff();
    await lab.host('backup').boot();
    expect((await sh('mountpoint -q /backup')).code).not.toBe(0);
    expect((await sh('mount /backup && cat /backup/x')).stdout).toBe('data\n');
  });

  test('is busy while a file on it is open', async () => {
    await sh('mount /backup');
    const client = await connect(lab.host('backup'));
    const writer = await begin(client, 'exec 3> /backup/open; sleep 60');
    const busy = await sh('while ! [ -e /backup/open ]; do sleep 0.01; done; umount /backup');
    expect(busy).toMatchObject({ code: 32, stderr: expect.stringContaining('busy') as string });
    writer.channel.signal('KILL');
    await writer.outcome;
    client.end();
    expect((await sh('umount /backup')).code).toBe(0);
  });
});

inNamespaces('a full disk', () => {
  const free = async (path: string) => Number((await sh(`df --output=avail ${path} | tail -1`)).stdout);
  const write = (path: string) => sh(`head -c 100000 /dev/zero > ${path}`);

  async function expectFull(): Promise<void> {
    expect((await write('/backup/new')).stderr).toContain('No space left on device');
    expect(await free('/backup')).toBe(0);
    expect((await sh('cat /backup/old')).stdout).toBe('archive\n');
  }

  test('shows in a volume that is mounted, until it is freed', async () => {
    await sh('mount /backup; echo archive > /backup/old');
    lab.host('backup').fillDisk('/backup');
    await expectFull();
    expect(await sh('umount /backup')).toMatchObject({ code: 0 });

    await sh('mount /backup');
    lab.host('backup').freeDisk();
    expect((await sh('ls /backup')).stdout).toBe('old\n');
    expect((await write('/backup/new')).code).toBe(0);
    expect(await free('/backup')).toBeGreaterThan(1000);
    expect(await sh('umount /backup; mountpoint -q /backup')).not.toMatchObject({ code: 0 });
  });

  test('shows in a volume that is mounted later, and after a reboot', async () => {
    await sh('mount /backup; echo archive > /backup/old; umount /backup');
    lab.host('backup').fillDisk();
    await sh('mount /backup');
    await expectFull();

    await lab.host('backup').powerOff();
    await lab.host('backup').boot();
    await sh('mount /backup');
    await expectFull();

    await sh('umount /backup');
    lab.host('backup').freeDisk();
    await sh('mount /backup');
    expect((await write('/backup/new')).code).toBe(0);
  });

  test("may be the host's own", async () => {
    await sh('echo archive > /bfdata/old');
    lab.host('backup').fillDisk('/bfdata');
    expect((await write('/bfdata/new')).stderr).toContain('No space left on device');
    expect((await sh('cat /bfdata/old')).stdout).toBe('archive\n');
    lab.host('backup').freeDisk();
    expect((await write('/bfdata/new')).code).toBe(0);
  });
});

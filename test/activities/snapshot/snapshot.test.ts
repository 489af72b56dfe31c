import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf } from '../cloud/small-cloud';
import { fakeSsh } from '../copy/fake-ssh';
import { contextFor, until } from '../copy/local-hosts';
import { sweepTest } from '../../support/sweep';
import { described, SnapshotHost } from './store';

let host: SnapshotHost;
beforeEach(() => {
  host = new SnapshotHost();
});
afterEach(() => host.hosts.close());

/** Stands in for `cp` on a file system that shares bytes between files. */
const reflinking = `for word; do
  shift
  case $word in --reflink=always) ;; *) set -- "$@" "$word" ;; esac
done
exec /bin/cp "$@"`;

test('a checkpoint holds the whole store, of which what never changes is shared and the rest is copied', async () => {
  const { beside } = await host.check('checkpoint');
  expect(host.snapshot.directory).toBe(`${beside}/snapshot`);
  await host.make();
  const taken = await host.take('checkpoint');
  expect(taken).toMatchObject({ starts: 1, sharedFiles: 3, copiedFiles: 4 });
  expect(host.taken()).toEqual(host.data());
  const same = (name: string) =>
    statSync(join(host.snapshot.directory, name)).ino === statSync(join(host.store, name)).ino;
  expect(['000004.sst', 'auxiliary/deep/000009.sst', 'CURRENT', '000008.log'].map(same)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('what the database does afterwards is not in it, and its removal leaves the database as it is', async () => {
  await host.make();
  await host.take('checkpoint');
  const before = host.taken();
  host.put('000008.log', 'written since');
  host.put('000010.sst', 'compacted since');
  rmSync(join(host.store, '000004.sst'));
  expect(host.taken()).toEqual(before);
  const after = host.data();
  // A directory that is closed to its owner is opened, a file in it is the database's own.
  host.hosts.program('db1', 'rm', `[ -e "$HOME/tried" ] || { : > "$HOME/tried"; exit 1; }\nexec /bin/rm "$@"`);
  expect(await host.remove()).toEqual({ changed: true });
  expect(existsSync(host.snapshot.directory)).toBe(false);
  expect(host.data()).toEqual(after);
  expect(await host.remove()).toEqual({ changed: false });
});

test('by reflink every file is shared by the file system', async () => {
  host.hosts.program('db1', 'cp', reflinking);
  await host.check('reflink');
  await host.make();
  expect(await host.take('reflink')).toMatchObject({ sharedFiles: 7, copiedFiles: 0, copiedBytes: 0 });
  expect(host.taken()).toEqual(host.data());
});

test('it is copied as the store would be, by a backup host that was let in before it was taken', async () => {
  // Meanwhile the database, which serves again, removes its own name of a file.
  const compacts = `rm -f ${host.store}/000004.sst`;
  host.hosts.program(
    'backup',
    'ssh',
    fakeSsh(host.hosts.home('db1')).replace('\n', `\ncase "$*" in *fetch*) ${compacts} ;; esac\n`),
  );
  host.hosts.program('backup', 'hostname', 'echo 10.9.9.9');
  const workplace = { host: host.hosts.ref('backup'), directory: join(host.hosts.root, 'volume', '.work') };
  const pull = { workplace, database: host.database, name: 'daily-backup', snapshot: host.snapshot.directory };
  await host.actions.makeWorkplace.do({ workplace }, contextFor());
  await host.make();
  await host.actions.authorizePull.do({ pull }, contextFor());
  await host.take('checkpoint');
  const taken = host.data();
  expect(await host.actions.copyStore.do({ pull }, contextFor())).toMatchObject({ files: 7, copiedFiles: 7 });
  expect(described(join(workplace.directory, 'store'))).toEqual(taken);
  expect(existsSync(join(host.store, '000004.sst'))).toBe(false);
}, 20_000);

describe('is refused before anything is touched', () => {
  test('where the engine changes its files in place', async () => {
    const spec = { ...host.database.spec, engine: 'postgres' as const, user: 'postgres' };
    const database = { ...host.database, spec: spec as never };
    expect(
      await failureOf(host.actions.checkStrategy.do({ database, strategy: 'checkpoint' }, contextFor())),
    ).toMatchObject({
      type: 'PreconditionFailed',
      message: expect.stringMatching(
        /a backup by checkpoint is not possible on db1: postgres changes its files in place/,
      ) as string,
    });
  });

  test('where the file system cannot share files', async () => {
    host.hosts.program('db1', 'cp', `echo 'cp: failed to clone: Operation not supported' >&2; exit 1`);
    expect(await failureOf(host.check('reflink'))).toMatchObject({
      type: 'PreconditionFailed',
      message: expect.stringMatching(/cannot share files \(cp: failed to clone/) as string,
    });
    expect(readdirSync(`${host.store}.runbook`)).toEqual([]);
  });

  test('where there is no room for what has to be copied', async () => {
    host.hosts.program('db1', 'df', 'echo Avail; echo 1000');
    expect(await failureOf(host.check('checkpoint'))).toMatchObject({
      type: 'PreconditionFailed',
      message: expect.stringMatching(/1\.0 kB are free beside .*, wanted 100 MB/) as string,
    });
  });

  test('where a program is missing', async () => {
    host.hosts.program('db1', 'sh', `[ "$3" != sh ] || exec /bin/sh "$1" "$2" sh 'no-such-program'\nexec /bin/sh "$@"`);
    expect(await failureOf(host.check('checkpoint'))).toMatchObject({
      message: expect.stringContaining('no-such-program') as string,
    });
  });
});

test('no snapshot is taken of a store that a process has open', async () => {
  await host.make();
  const holder = spawn('sh', ['-c', `exec sleep 30 >> ${host.store}/000008.log`], { stdio: 'ignore' });
  const ended = new Promise((resolve) => holder.once('exit', resolve));
  await until(() => holder.pid !== undefined && readFileSync(`/proc/${holder.pid}/comm`, 'utf8') === 'sleep\n');
  expect(await failureOf(host.take('checkpoint'))).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringContaining(`is open in process ${holder.pid}`) as string,
  });
  expect(host.taken()).toEqual([]);
  holder.kill();
  await ended;
});

test('a database that was started meanwhile makes it worthless', async () => {
  await host.make();
  // As it ends: what was copied is on its way to the disk.
  host.hosts.program(
    'db1',
    'sync',
    `[ ! -e "$HOME/started" ] || exec /bin/sync "$@"
: > "$HOME/started"
sleep 30 >> ${host.store}/000008.log 2> /dev/null < /dev/null &
echo $! > "$HOME/pid"
exec /bin/sync "$@"`,
  );
  expect(await failureOf(host.take('checkpoint'))).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringContaining('is open in process') as string,
  });
  process.kill(Number(readFileSync(join(host.hosts.home('db1'), 'pid'), 'utf8')));
});

test('a file that cannot be copied fails it', async () => {
  await host.make();
  host.hosts.program('db1', 'tar', `case $* in *--create*) /bin/tar "$@"; exit 2 ;; esac\nexec /bin/tar "$@"`);
  expect(await failureOf(host.take('checkpoint'))).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringContaining('the snapshot could not be made') as string,
  });
});

describe('killed at any of its commands and run again, it is whole, and the store is what it was', () => {
  /** @returns whether it was killed */
  async function killedAt(command: number): Promise<boolean> {
    const before = host.data();
    const left = join(host.hosts.home('db1'), 'left');
    for (const name of ['find', 'tar', 'cp', 'sync', 'rm', 'chmod', 'mkdir', 'mv', 'awk', 'sort'])
      host.hosts.program('db1', name, killingAt(left, name));
    await host.make();
    writeFileSync(left, `${command}`);
    await host.take('checkpoint').catch(() => undefined);
    const killed = readFileSync(left, 'utf8').trim() === 'killed';
    rmSync(left);
    if (!killed) return false;
    await host.take('checkpoint');
    expect([host.taken(), host.data()]).toEqual([before, before]);
    return true;
  }

  test('a few of them', async () => {
    for (const command of [8, 11]) expect(await killedAt(command)).toBe(true);
  }, 30_000);

  sweepTest(
    'each of them',
    async () => {
      let kills = 0;
      while (await killedAt(kills)) kills++;
      expect(kills).toBeGreaterThan(12);
    },
    300_000,
  );
});

/** Counts down in a file, one command after the other, and at 0 kills the whole job, as a power cut would. */
const killingAt = (left: string, name: string) => `if [ -n "$JOB_DIR" ] && [ -e ${left} ]; then
  exec 8>> ${left}.lock
  flock 8
  case $(cat ${left}) in
  0)
    echo killed > ${left}
    read -r pid rest < "$JOB_DIR/started"
    kill -s KILL -- "-$pid"
    ;;
  killed) ;;
  *) echo $(($(cat ${left}) - 1)) > ${left} ;;
  esac
  exec 8>&-
fi
exec /bin/${name} "$@"`;

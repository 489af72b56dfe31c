import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  chmodSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { failureOf } from '../cloud/small-cloud';
import { LocalHosts, until } from '../copy/local-hosts';
import { sweepTest } from '../../support/sweep';
import { newData, oldData, plant, StoreHost, treeOf } from './store-host';

let hosts: LocalHosts;
beforeEach(() => {
  hosts = new LocalHosts();
});
afterEach(() => hosts.close());

test('old data goes aside, staged data into its place, and the directory stays what it was', async () => {
  const host = new StoreHost(hosts);
  chmodSync(host.store, 0o710);
  const { ino } = statSync(host.store);
  expect(await host.read()).toBe('none');
  expect(await host.swap()).toEqual({ changed: true });
  expect(await host.read()).toBe('swapped');
  expect([host.present(), host.aside()]).toEqual([newData, oldData]);
  expect(statSync(host.store)).toMatchObject({ ino, mode: 0o40710 });
  expect(await host.swap()).toEqual({ changed: false });
});

test('a return puts the old data back and leaves nothing of the new', async () => {
  const host = new StoreHost(hosts);
  await host.swap();
  plant(host.store, { 'written/since': 'by a database that was to be proved' });
  expect(await host.back()).toEqual({ changed: true });
  expect(await host.read()).toBe('returned');
  expect(host.present()).toEqual(oldData);
  expect(readdirSync(join(host.beside, 'aside', 'a')).sort()).toEqual(['facts.json', 'state']);
  expect(await host.back()).toEqual({ changed: false });
});

test('a disk that has become full does not keep the old data from coming back', async () => {
  const host = new StoreHost(hosts);
  await host.swap();
  hosts.program('db1', 'sh', 'ulimit -f 0; exec /bin/sh "$@"');
  expect(await failureOf(host.keep())).toMatchObject({ type: 'ResourceFailed' });
  expect(await host.back()).toEqual({ changed: true });
  expect([host.present(), await host.read()]).toEqual([oldData, 'returned']);
});

test('a swap that lands after its return changes nothing, whether it had begun or not', async () => {
  const host = new StoreHost(hosts);
  expect(await host.back('early')).toEqual({ changed: false });
  expect(await host.read('early')).toBe('returned');
  await host.swap();
  await host.back();
  host.restage();
  for (const name of ['early', 'a'])
    expect(await failureOf(host.swap(name))).toEqual({
      type: 'PreconditionFailed',
      message: `${name} on db1: this swap is returned and is not done any more`,
    });
  expect([host.present(), treeOf(join(host.stage, 'store'))]).toEqual([oldData, newData]);
});

describe('kept data', () => {
  test('is listed with its end, and nothing puts it back by itself', async () => {
    const host = new StoreHost(hosts);
    await host.swap();
    expect(await host.list()).toEqual([]);
    const kept = await host.keep();
    expect(kept.changed).toBe(true);
    expect(kept.bytes).toBeGreaterThanOrEqual(9);
    expect(await host.keep()).toEqual({ changed: false, bytes: kept.bytes });
    expect(await host.list()).toMatchObject([
      {
        kind: 'aside',
        name: 'a',
        site: 'lab',
        bytes: kept.bytes,
        keptUntil: '2026-12-05T03:00:00Z',
        engine: 'cockroach',
        rows: { users: 2 },
      },
    ]);
    expect(await host.list('elsewhere')).toEqual([]);
    expect(await failureOf(host.back())).toMatchObject({
      type: 'PreconditionFailed',
      message: expect.stringContaining('visitors may have written since') as string,
    });
    expect(host.present()).toEqual(newData);
  });

  test('is removed once, and what a swap still needs is not', async () => {
    const host = new StoreHost(hosts);
    await host.swap();
    expect(await failureOf(host.remove())).toMatchObject({ type: 'PreconditionFailed' });
    await host.keep();
    expect(await host.remove()).toEqual({ removed: true });
    expect([await host.list(), await host.remove(), host.present()]).toEqual([[], { removed: false }, newData]);
    expect(existsSync(join(host.beside, 'aside', 'a'))).toBe(false);
  });

  test('whose removal was broken off looks like nothing that could be restored, and goes at the next attempt', async () => {
    const host = new StoreHost(hosts);
    await host.swap();
    await host.keep();
    hosts.program('db1', 'rm', 'exit 1');
    await failureOf(host.remove());
    expect(await host.list()).toEqual([]);
    rmSync(join(hosts.bin('db1'), 'rm'));
    expect(await host.remove()).toEqual({ removed: true });
    expect(readdirSync(join(host.beside, 'aside'))).toEqual([]);
  });

  test('is listed for whoever asks where its facts cannot be read, and never said to end', async () => {
    const host = new StoreHost(hosts);
    await host.swap();
    await host.keep();
    writeFileSync(join(host.beside, 'aside', 'a', 'facts.json'), '');
    const [record] = await host.list();
    expect(record).toMatchObject({ name: 'a', engine: 'unknown' });
    expect(record).not.toHaveProperty('keptUntil');
  });

  test('cannot be kept after its return', async () => {
    const host = new StoreHost(hosts);
    await host.swap();
    await host.back();
    expect(await failureOf(host.keep())).toMatchObject({ type: 'PreconditionFailed' });
  });
});

describe('killed between any two renames', () => {
  type Step = (host: StoreHost) => Promise<unknown>;
  const places = [
    { where: 'beside the store', inside: false },
    { where: 'in the store, which is a mount point', inside: true },
  ];

  /** What is done after `first` was killed at each of its renames; old and new data are never in the store together. */
  async function eachKill(
    inside: boolean,
    prepare: Step,
    first: Step,
    after: (host: StoreHost, n: number) => Promise<void>,
  ) {
    for (let renames = 0; ; renames++) {
      const host = new StoreHost(hosts, { inside, name: `db${renames}` });
      await prepare(host);
      host.killAfter(renames);
      await first(host).catch(() => undefined);
      const killed = host.wasKilled();
      expect(new Set(Object.values(host.present())).size).toBeLessThan(2);
      await after(host, renames);
      if (!killed) return renames;
    }
  }
  const nothing: Step = async () => undefined;
  const swap: Step = (host) => host.swap();
  const expectFinished = async (host: StoreHost) => {
    await host.swap();
    expect([host.present(), host.aside(), await host.read()]).toEqual([newData, oldData, 'swapped']);
  };
  const expectLedBack = async (host: StoreHost) => {
    await host.back();
    expect([host.present(), await host.read()]).toEqual([oldData, 'returned']);
  };
  const expectRefused = async (host: StoreHost) => {
    expect(await failureOf(host.swap())).toMatchObject({ type: 'PreconditionFailed' });
    expect(host.present()).toEqual(oldData);
  };

  test('a swap is finished by the next attempt, or led back', async () => {
    const renames = await eachKill(true, nothing, swap, (host, n) =>
      n % 2 === 0 ? expectFinished(host) : expectLedBack(host),
    );
    expect(renames).toBeGreaterThan(8);
  }, 60_000);

  sweepTest.each(places)(
    'a swap is finished by the next attempt: $where',
    async ({ inside }) => {
      await eachKill(inside, nothing, swap, expectFinished);
    },
    120_000,
  );

  sweepTest.each(places)(
    'a swap is led back, and a late attempt changes nothing: $where',
    async ({ inside }) => {
      await eachKill(inside, nothing, swap, async (host) => {
        await expectLedBack(host);
        await expectRefused(host);
      });
    },
    120_000,
  );

  sweepTest.each(places)(
    'a return is finished by the next attempt, and by nothing else: $where',
    async ({ inside }) => {
      await eachKill(
        inside,
        swap,
        (host) => host.back(),
        async (host) => {
          const state = await host.read();
          expect(['swapped', 'returning', 'returned']).toContain(state);
          if (state !== 'swapped') expect(await failureOf(host.swap())).toMatchObject({ type: 'PreconditionFailed' });
          await expectLedBack(host);
        },
      );
    },
    120_000,
  );

  test('a return killed while the new data goes out, and while the old one comes in, is finished', async () => {
    for (const renames of [2, 5]) {
      const host = new StoreHost(hosts, { name: `db${renames}` });
      await host.swap();
      host.killAfter(renames);
      await host.back().catch(() => undefined);
      expect([host.wasKilled(), await host.read()]).toEqual([true, 'returning']);
      await expectLedBack(host);
    }
  }, 60_000);
});

test('two swaps and a return at once leave one whole store', async () => {
  const host = new StoreHost(hosts);
  await Promise.allSettled([host.swap(), host.back(), host.swap()]);
  const state = await host.read();
  expect(state).toBe('returned');
  expect(host.present()).toEqual(oldData);
});

describe('nothing is moved', () => {
  test('while a process has the store open', async () => {
    const host = new StoreHost(hosts);
    const holder = spawn('sh', ['-c', `exec sleep 30 >> ${host.store}/000001.sst`], { stdio: 'ignore' });
    const ended = new Promise((resolve) => holder.once('exit', resolve));
    await until(() => holder.pid !== undefined && readFileSync(`/proc/${holder.pid}/comm`, 'utf8') === 'sleep\n');
    expect(await failureOf(host.swap())).toEqual({
      type: 'ResourceFailed',
      message: `db1: ${host.store} is open in process ${holder.pid} (sleep): its data is not moved. Stop the database first`,
    });
    expect([host.present(), await host.read()]).toEqual([oldData, 'none']);
    holder.kill();
    await ended;
  });

  test('over what is there: something has written into the store in between', async () => {
    const host = new StoreHost(hosts);
    host.killAfter(4); // the probe, the state, and two entries are out
    await host.swap().catch(() => undefined);
    expect(host.wasKilled()).toBe(true);
    const [gone = ''] = Object.keys(host.aside());
    plant(host.store, { [gone]: 'written in between' });
    for (const each of [host.swap, host.back])
      expect(await failureOf(each())).toMatchObject({
        type: 'ResourceFailed',
        message: expect.stringContaining('neither is overwritten') as string,
      });
    expect(host.present()[gone]).toBe('written in between');
    expect(host.aside()[gone]).toBe('old');
  });

  test('without anything staged', async () => {
    const host = new StoreHost(hosts);
    rmSync(host.stage, { recursive: true });
    expect(await failureOf(host.swap())).toMatchObject({ type: 'ResourceFailed' });
    expect([host.present(), await host.read()]).toEqual([oldData, 'none']);
  });

  test('where the file system of the store is not mounted', async () => {
    const host = new StoreHost(hosts);
    rmSync(host.beside, { recursive: true });
    expect(await failureOf(host.back())).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('is the file system of') as string,
    });
    expect(existsSync(host.beside)).toBe(false);
  });

  test('by a journal that makes no sense', async () => {
    const host = new StoreHost(hosts);
    mkdirSync(join(host.beside, 'aside', 'a'), { recursive: true });
    symlinkSync('swa', join(host.beside, 'aside', 'a', 'state'));
    expect(await failureOf(host.back())).toMatchObject({ type: 'ResourceFailed' });
    expect(await failureOf(host.read())).toMatchObject({ type: 'ResourceFailed' });
    expect(host.present()).toEqual(oldData);
  });

  test('to another file system', async () => {
    const host = new StoreHost(hosts);
    hosts.program('db1', 'mv', 'case $1 in -T) /bin/cp -r "$2" "$3" && rm -r "$2" ;; *) exec /bin/mv "$@" ;; esac');
    expect(await failureOf(host.swap())).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('is not on the file system of') as string,
    });
    expect([host.present(), await host.read()]).toEqual([oldData, 'none']);
  });
});

describe('an earlier swap that nobody has ended', () => {
  test('is led back first while it is no whole store', async () => {
    const host = new StoreHost(hosts);
    host.killAfter(8);
    await host.swap('earlier').catch(() => undefined);
    expect([host.wasKilled(), await host.read('earlier')]).toEqual([true, 'swapping']);
    host.restage();
    await host.swap();
    expect([host.present(), host.aside(), await host.read('earlier')]).toEqual([newData, oldData, 'returned']);
  });

  test('is kept once it is one: somebody may have brought it up by hand', async () => {
    const host = new StoreHost(hosts);
    await host.swap('earlier');
    host.restage();
    await host.swap();
    expect([await host.read('earlier'), host.aside('earlier'), host.aside()]).toEqual(['kept', oldData, newData]);
  });
});

test('on a new host there is nothing to move aside, and the store is made', async () => {
  const host = new StoreHost(hosts);
  rmSync(host.store, { recursive: true });
  await host.swap();
  expect([host.present(), host.aside()]).toEqual([newData, {}]);
  expect(statSync(host.store).mode).toBe(0o40700);
  expect(await host.keep()).toEqual({ changed: true, bytes: 0 });
});

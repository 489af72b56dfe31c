import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeIsolation } from '../../../lab/hosts/host';
import { begin, connect, eventually, isSilent, run, startLab, type TestLab } from './lab';

const isolations =
  probeIsolation() === 'namespaces' ? (['namespaces', 'directories'] as const) : (['directories'] as const);

describe.each(isolations)('a host (%s)', (isolation) => {
  let lab: TestLab;
  beforeEach(async () => {
    const command = 'echo "$LAB_HOST up"; while :; do sleep 1; done';
    lab = await startLab(['db1'], { isolation, services: [{ name: 'engine', command }] });
  });
  afterEach(() => lab.close());

  test('has its own home and disk, which a reboot keeps, and a boot id, which it does not', async () => {
    const db1 = lab.host('db1');
    const bootId = async () => (await db1.exec(`cat ${db1.hostPath('/proc/sys/kernel/random/boot_id')}`)).stdout;
    const files = ['/bfdata', '/root', '/home', '/var'].map((directory) => db1.hostPath(`${directory}/kept`));
    const gone = ['/tmp', '/run'].map((directory) => db1.hostPath(`${directory}/gone`));
    expect((await db1.exec(`pwd; touch ${[...files, ...gone].join(' ')}`)).stdout).toBe(`${db1.hostPath('/root')}\n`);
    const before = await bootId();

    await db1.powerOff();
    await db1.boot();

    expect((await db1.exec(`ls ${files.join(' ')}`)).code).toBe(0);
    expect((await db1.exec(`ls ${gone.join(' ')}`)).stdout).toBe('');
    expect(await bootId()).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(await bootId()).not.toBe(before);
  });

  test('starts its services at boot', async () => {
    const log = join(lab.directory, 'db1/var/log/engine.log');
    await eventually('the service says so', () => existsSync(log) && readFileSync(log, 'utf8') === 'db1 up\n');
  });

  test('power off kills detached processes at once and resets the sessions', async () => {
    const db1 = lab.host('db1');
    const client = await connect(db1);
    const beat = join(lab.directory, 'db1/bfdata/beat');
    const loop = `while :; do echo >> ${db1.hostPath('/bfdata/beat')}; sleep 0.02; done`;
    await run(client, `setsid sh -c '${loop}' >/dev/null 2>&1 & nohup sh -c '(${loop}) &' >/dev/null 2>&1 &`);
    await run(client, `cd ${db1.hostPath('/bfdata')}; setsid env -i sh -c '${loop}' >/dev/null 2>&1 </dev/null &`);
    await eventually('they beat', () => existsSync(beat) && readFileSync(beat).length > 5);
    const waiting = await begin(client, 'sleep 60');

    await db1.powerOff();

    expect((await waiting.outcome).code).toBeUndefined();
    expect(db1.power).toBe('off');
    expect(await isSilent(beat)).toBe(true);
    await expect(connect(db1)).rejects.toThrow('ECONNREFUSED');
    await expect(db1.exec('true')).rejects.toThrow('db1 is off');
  });

  test('shut down lets processes end in their own way', async () => {
    const db1 = lab.host('db1');
    const file = db1.hostPath('/bfdata/clean');
    // Some ways take a while, and processes that are gone as soon as they are seen.
    const ending = `i=0; while [ $i -lt 400 ]; do /bin/true; i=$((i + 1)); done; echo yes > ${file}; exit`;
    const loop = `trap '${ending}' TERM; touch ${file}.ready; while :; do sleep 0.02; done`;
    await db1.exec(`(${loop}) >/dev/null 2>&1 & while ! [ -e ${file}.ready ]; do sleep 0.01; done`);

    await db1.shutDown();

    expect(readFileSync(join(lab.directory, 'db1/bfdata/clean'), 'utf8')).toBe('yes\n');
    expect(db1.power).toBe('off');
  });

  test('power off does not wait for a shut down that waits for a process', async () => {
    const db1 = lab.host('db1');
    const client = await connect(db1);
    const stubborn = await begin(client, 'while :; do sleep 0.02; done', 'trap "" TERM');
    const start = performance.now();
    const shutDown = db1.shutDown();
    await expect(connect(db1)).rejects.toThrow('ECONNREFUSED');
    expect(db1.power).toBe('on');

    await db1.powerOff();

    await shutDown;
    expect(performance.now() - start).toBeLessThan(5000);
    expect((await stubborn.outcome).code).toBeUndefined();
  });

  test('power off ends a boot that is under way', async () => {
    const db1 = lab.host('db1');
    await db1.powerOff();
    const booting = db1.boot();
    await Promise.all([expect(booting).rejects.toThrow('db1 was powered off while it booted'), db1.powerOff()]);
    expect(db1.power).toBe('off');
    await db1.boot();
    expect((await db1.exec('echo back')).stdout).toBe('back\n');
  });
});

test.each(isolations)('SIGKILL of the lab leaves no process of a host behind (%s)', async (isolation) => {
  const directory = mkdtempSync(join(tmpdir(), 'lab-doomed-'));
  const beat = join(directory, 'db1/bfdata/beat');
  const lab = spawn(process.execPath, [join(__dirname, 'doomed-lab.js'), directory, isolation], { stdio: 'inherit' });
  try {
    await eventually('the hosts beat', () => existsSync(beat) && readFileSync(beat).length > 3, 15_000);
    lab.kill('SIGKILL');
    await once(lab, 'exit');
    await eventually('nothing beats any more', () => isSilent(beat));
  } finally {
    lab.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applicationBinds } from '../../../lab/application/binds';
import { serviceCommand } from '../../../lab/application/services';
import { cockroachBinds, cockroachScript } from '../../../lab/database/find-cockroach';
import { type Isolation } from '../../../lab/hosts/host';
import { probeIsolation } from '../../../lab/hosts/create-hosts';
import { eventually } from '../eventually';
import { startLab } from '../hosts/lab';
import { freePorts } from '../ports';
import { buildPrograms } from '../programs';

jest.setTimeout(60_000);

const isolations: Isolation[] = probeIsolation() === 'namespaces' ? ['namespaces', 'directories'] : ['directories'];

test.each(isolations)('database and application run on a host isolated by %s, over a power cut', async (isolation) => {
  const programs = buildPrograms('database', 'application');
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-on-a-host-'));
  for (const visible of [directory, path.dirname(programs.directory)]) chmodSync(visible, 0o755);
  const cockroach = { path: '', standIn: true };
  const script = path.join(directory, 'cockroach');
  const binds = [
    ...applicationBinds(programs.directory),
    ...cockroachBinds(cockroach),
    { from: script, to: '/lab/bin/cockroach' },
  ];
  writeFileSync(script, cockroachScript(cockroach), { mode: 0o755 });
  const lab = await startLab(['db1'], { isolation, binds });
  try {
    const host = lab.host('db1');
    writeFileSync(
      script,
      cockroachScript(cockroach, (name) => host.hostPath(name)),
      { mode: 0o755 },
    );
    const [sql, http, web] = await freePorts(3);
    const store = host.hostPath('/bfdata');
    const listen = `--listen-addr=127.0.0.1:${sql} --http-addr=127.0.0.1:${http}`;
    const start = `cockroach start-single-node --insecure --store=${store} ${listen} --background`;
    const query = (text: string) =>
      host.exec(`cockroach sql --insecure --host=127.0.0.1:${sql} --format=csv -e '${text}'`);

    expect((await host.exec(start)).stderr).not.toContain('ERROR');
    expect((await query('create table t (i int)')).stdout).toBe('CREATE TABLE\n');
    expect((await query('insert into t values (1)')).stdout).toBe('INSERT 1\n');
    expect((await host.exec(`pgrep -f 'cockroach start-single-node.*--store=${store}'`)).code).toBe(0);

    await host.powerOff();
    await expect(fetch(`http://127.0.0.1:${http}/health`)).rejects.toThrow();
    await host.boot();
    expect((await host.exec(start)).stderr).not.toContain('ERROR');
    expect((await query('select count(*) from t')).stdout).toBe('count\n1\n');

    const page = serviceCommand({ service: 'fallback-server', listen: `127.0.0.1:${web}` }, (name) =>
      host.hostPath(name),
    );
    await host.exec(`setsid ${page.join(' ')} >/dev/null 2>&1 </dev/null &`);
    await eventually('the fallback page is served', async () => {
      return (await fetch(`http://127.0.0.1:${web}/`).catch(() => undefined))?.status === 503;
    });
  } finally {
    await lab.close();
    programs.remove();
    rmSync(directory, { recursive: true });
  }
});

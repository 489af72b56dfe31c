import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { pathsOf } from '../../lab/paths';
import { type LabSite } from '../../test/support/lab-site';
import { siteDocument } from '../../workflows/contract/site';

interface Login {
  readonly token: {
    readonly catalog: readonly {
      readonly type: string;
      readonly endpoints: readonly { url: string; interface: string }[];
    }[];
  };
}

/** Runs the scripts of this folder against a lab. What an operator would have written into them is in their environment. */
export async function scriptsFor(lab: LabSite): Promise<(script: 'old-backup' | 'floor') => Promise<void>> {
  const { hosts, database, backup, production } = siteDocument.parse(parse(lab.file('sites/lab.yaml')));
  const { auth, identity } = account(lab);
  const answer = await fetch(`${identity}/auth/tokens`, { method: 'POST', body: auth, headers: json });
  const headers = { 'X-Auth-Token': answer.headers.get('x-subject-token') ?? '' };
  const { token } = (await answer.json()) as Login;
  const endpoint = (type: string) =>
    token.catalog.find((each) => each.type === type)?.endpoints.find((each) => each.interface === 'public')?.url ?? '';
  const get = async <T>(url: string) => (await (await fetch(url, { headers })).json()) as T;

  const [compute, network] = [endpoint('compute'), endpoint('network')];
  const { servers } = await get<{ servers: { id: string; name: string }[] }>(`${compute}/servers`);
  const { ports } = await get<{ ports: { id: string; device_id: string }[] }>(`${network}/v2.0/ports`);
  const { floatingips } = await get<{ floatingips: { id: string; floating_ip_address: string }[] }>(
    `${network}/v2.0/floatingips`,
  );
  const server = (name: string) => servers.find((each) => each.name === name)?.id ?? '';
  const port = (name: string) => ports.find(({ device_id }) => device_id === server(name))?.id ?? '';
  const at = (host: string) => [hosts[host]?.address ?? '', String(hosts[host]?.port ?? 22)] as const;
  if (database.engine !== 'cockroach') throw new Error(`the old scripts know no ${database.engine}`);
  const [[dbAddress, dbPort], [backupAddress, backupPort]] = [at(database.host), at(backup.host)];

  const env: Record<string, string | undefined> = {
    ...process.env,
    ...{ LOGIN: auth, IDENTITY: identity, COMPUTE: compute, NETWORK: network },
    ...{ KEY: pathsOf(lab.directory).key, DB_ADDRESS: dbAddress, DB_PORT: dbPort },
    ...{ BACKUP_ADDRESS: backupAddress, BACKUP_PORT: backupPort, BACKUP_SERVER: server('backup') },
    ...{ PORT_UP: port(production.up.server), PORT_DOWN: port(production.down.server) },
    FLOATING_IP: floatingips.find((each) => each.floating_ip_address === production.floatingIp)?.id,
    ...{ STORE: database.store, LISTEN: database.listen, HTTP: database.http, VOLUME: backup.volume },
    // On the host's disk, beside the store.
    COPY: database.store.replace(/bfdata$/, 'home/copy'),
  };
  return async (script) => {
    await promisify(execFile)('sh', [join(__dirname, `${script}.sh`), __dirname], { env });
  };
}

const json = { 'Content-Type': 'application/json' };

/** The login as the scripts send it. */
function account(lab: LabSite): { readonly auth: string; readonly identity: string } {
  const { clouds } = parse(lab.file('clouds.yaml')) as { clouds: { lab: { auth: Record<string, string> } } };
  const { auth_url, username, password, project_name, user_domain_name, project_domain_name } = clouds.lab.auth;
  const user = { name: username, password, domain: { name: user_domain_name } };
  const scope = { project: { name: project_name, domain: { name: project_domain_name } } };
  const auth = { identity: { methods: ['password'], password: { user } }, scope };
  const root = (auth_url ?? '').replace(/\/$/, '');
  return { auth: JSON.stringify({ auth }), identity: root.endsWith('/v3') ? root : `${root}/v3` };
}

import { isIP } from 'node:net';
import { type Pull } from '../../workflows/contract/actions/copy';
import { lookIfOn, unlessOff } from '../cloud';
import { engineOf } from '../database';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { sh, type ShellText } from '../ssh/shell';
import { type CopyDependencies } from './dependencies';
import { besideJobs } from './programs';
import { type Route } from './route';
import { serve } from './scripts/serve';
import { authorizeKey, configure, makeKey, revokeKey, tryPull } from './scripts/trust';

/** Where a pull's files are, on either host: key and configuration here, the program that answers there. */
export const pullDirectory = (host: Pull['database']['host'], { name }: Pull): string => besideJobs(host, 'pull', name);

/** The ssh configuration by which the backup host asks the database host, as `ssh -F <it> database list`. */
export const pullConfig = (pull: Pull): string => `${pullDirectory(pull.workplace.host, pull)}/config`;

const script = (text: string, ...args: string[]): ShellText => sh`sh -c ${text} sh ${args}`;

/** The lines of `authorized_keys` that belong to a pull. */
const findKey = ({ name }: Pull) => sh`grep -s ${` runbook-pull-${name}$`} .ssh/authorized_keys`;

/** The trust between backup host and database host: made for one run, and ended by it. */
export function pullActions({
  openstack,
  ssh,
  routeTo,
}: CopyDependencies): Pick<Implementations, 'readPull' | 'authorizePull' | 'revokePull'> {
  const isAuthorized = async (pull: Pull, signal: AbortSignal) => {
    const { exitCode } = await ssh.host(pull.database.host).run(findKey(pull), { signal, allowExit: [0, 1, 2] });
    return exitCode === 0;
  };
  const inWords = (authorized: boolean) =>
    authorized ? 'a key of an earlier run is authorized' : 'no key is authorized';

  return {
    readPull: {
      do: async ({ pull }, { signal }) => ({ authorized: await isAuthorized(pull, signal) }),
      async describe({ pull }, { signal }) {
        const authorized = await isAuthorized(pull, signal);
        const command = ssh.render(pull.database.host, findKey(pull));
        return { command, now: inWords(authorized), changes: false, output: { authorized } };
      },
    },

    authorizePull: {
      async do({ pull }, { signal }) {
        const backup = ssh.host(pull.workplace.host);
        const directory = pullDirectory(pull.workplace.host, pull);
        const made = await backup.run(script(makeKey, directory, pull.name), { signal });
        const [home = '', addresses = '', fingerprint = '', publicKey = ''] = made.stdout.trimEnd().split('\n');
        if (!/^ssh-ed25519 [A-Za-z0-9+/=]+ runbook-pull-/.test(publicKey) || !fingerprint.startsWith('SHA256:'))
          throw refused(pull, `ssh-keygen on ${pull.workplace.host.name} made no key: ${made.stdout.slice(0, 200)}`);

        // The address the worker knows may be a floating one; the host's own are what the other side sees.
        const own = routeTo(pull.workplace.host).host;
        const literal = isIP(own) ? [own] : [];
        const from = [...literal, ...addresses.split(/\s+/).filter(isIP)].join(' ');
        const answering = script(
          authorizeKey,
          pullDirectory(pull.database.host, pull),
          pull.name,
          isIP(own) ? '' : own,
          from,
          publicKey,
        );
        const allowed = await ssh.host(pull.database.host).run(answering, { signal, stdin: serveProgram(pull) });

        const route = routeTo(pull.database.host);
        // A host with several addresses may have to be told to use the one that is allowed.
        for (const bind of [[], literal]) {
          const config = sshConfig(route, home, bind);
          await backup.run(script(configure, directory, config, route.knownHosts), { signal });
          const tried = await backup.run(script(tryPull, directory), { signal, allowExit: [0, 1], timeoutMs: 25_000 });
          if (tried.exitCode === 0) return { changed: true, fingerprint };
          if (bind.length > 0 || literal.length === 0 || !/denied/i.test(tried.stderr)) {
            const why = tried.stderr.trim().split('\n').at(-1) || 'no answer';
            throw refused(
              pull,
              `${pull.workplace.host.name} cannot list the store on ${pull.database.host.name} (${route.user}@${route.host}:${route.port}, allowed from ${allowed.stdout.trim()}): ${why}`,
            );
          }
        }
        throw refused(pull, 'no configuration was tried');
      },
      async describe({ pull }, { signal }) {
        const authorized = await isAuthorized(pull, signal);
        const { workplace, database } = pull;
        const make = sh`ssh-keygen -q -t ed25519 -N '' -C ${`runbook-pull-${pull.name}`} -f ${`${pullDirectory(workplace.host, pull)}/key`}`;
        return {
          command:
            `${ssh.render(workplace.host, make)}; then in authorized_keys on ${database.host.name}: ` +
            `restrict,from="${routeTo(workplace.host).host}",expiry-time="<in a day>",command="sh '${pullDirectory(database.host, pull)}/serve'" <public key>`,
          now: inWords(authorized),
          changes: true,
          output: { changed: true, fingerprint: '' },
        };
      },
    },

    revokePull: {
      async do({ pull }, { signal }) {
        const { database, workplace } = pull;
        const revoke = script(revokeKey, pullDirectory(database.host, pull), pull.name);
        const directory = pullDirectory(workplace.host, pull);
        const ended = await Promise.allSettled([
          ssh
            .host(database.host)
            .run(revoke, { signal })
            .then(({ stdout }) => stdout.trim() === 'yes'),
          unlessOff(
            openstack,
            workplace.host,
            { signal },
            async () => {
              const remove = sh`[ ! -e ${directory} ] || { echo yes; rm -rf ${directory}; }`;
              return (await ssh.host(workplace.host).run(remove, { signal })).stdout.trim() === 'yes';
            },
            false,
          ),
        ]);
        for (const each of ended) if (each.status === 'rejected') throw each.reason;
        return { changed: ended.some((each) => each.status === 'fulfilled' && each.value) };
      },
      async describe({ pull }, { signal }) {
        const { database } = pull;
        const authorized = await lookIfOn(openstack, database.host, { signal }, () => isAuthorized(pull, signal));
        const name = ` runbook-pull-${pull.name}$`;
        return {
          command: ssh.render(
            database.host,
            sh`sed -i ${`/${name}/d`} .ssh/authorized_keys; rm -rf ${pullDirectory(database.host, pull)}`,
          ),
          now: authorized === null ? null : inWords(authorized),
          changes: authorized || null,
          output: { changed: true },
        };
      },
    },
  };
}

/** The program that answers for this store, with its arguments inside: a key's fixed command is one short line. */
function serveProgram({ database }: Pull): string {
  const { store, leaveOut } = engineOf(database);
  return `${sh`set -- ${store} ${leaveOut}`.text}\n${serve}`;
}

function sshConfig({ host, port, user }: Route, home: string, bind: readonly string[]): string {
  const options = {
    HostName: host,
    Port: port,
    User: user,
    IdentityFile: `"${home}/key"`,
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    UserKnownHostsFile: `"${home}/known_hosts"`,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
    LogLevel: 'ERROR',
    ConnectTimeout: 10,
    ServerAliveInterval: 5,
    ServerAliveCountMax: 6,
    ...(bind[0] === undefined ? {} : { BindAddress: bind[0] }),
  };
  const lines = Object.entries(options).map(([name, value]) => `  ${name} ${value}`);
  return `Host database\n${lines.join('\n')}\n`;
}

function refused({ database }: Pull, message: string): Error {
  return fail('ResourceFailed', message, { target: `host/${database.host.name}`, operation: 'authorizePull' });
}

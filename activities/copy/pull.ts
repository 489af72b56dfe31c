import { isIP } from 'node:net';
import { endsOfPull, type Pull } from '../../workflows/contract/actions/copy';
import { type HostRef } from '../../workflows/contract/site';
import { lookIfOn, unlessOff } from '../cloud';
import { besideInStore, engineOf } from '../database';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { sh, type ShellText } from '../ssh/shell';
import { type CopyDependencies } from './dependencies';
import { besideJobs } from './programs';
import { type Route } from './route';
import { serve } from './scripts/serve';
import { authorizeKey, configure, makeKey, revokeKey, tryPull } from './scripts/trust';

/** Where a pull's files are, on either host: key and configuration here, the program that answers there. */
export const pullDirectory = (host: HostRef, { name }: Pull): string => besideJobs(host, 'pull', name);

/** The ssh configuration by which the reader asks the source, as `ssh -F <it> database list`, whichever way it goes. */
export const pullConfig = (pull: Pull): string => `${pullDirectory(endsOfPull(pull).reader, pull)}/config`;

const script = (text: string, ...args: string[]): ShellText => sh`sh -c ${text} sh ${args}`;

/** The lines of `authorized_keys` that belong to a pull. */
const findKey = ({ name }: Pull) => sh`grep -s ${` runbook-pull-${name}$`} .ssh/authorized_keys`;

/** The trust between backup host and database host, either way: made for one run, and ended by it. */
export function pullActions({
  openstack,
  ssh,
  routeTo,
}: CopyDependencies): Pick<Implementations, 'readPull' | 'authorizePull' | 'revokePull'> {
  const isAuthorized = async (pull: Pull, signal: AbortSignal) => {
    const { exitCode } = await ssh.host(endsOfPull(pull).source).run(findKey(pull), { signal, allowExit: [0, 1, 2] });
    return exitCode === 0;
  };
  /** For a plan: null where the source is off. */
  const look = (pull: Pull, signal: AbortSignal) =>
    lookIfOn(openstack, endsOfPull(pull).source, { signal }, () => isAuthorized(pull, signal));
  const inWords = (authorized: boolean | null) =>
    authorized === null ? null : authorized ? 'a key of an earlier run is authorized' : 'no key is authorized';

  return {
    readPull: {
      do: async ({ pull }, { signal }) => ({ authorized: await isAuthorized(pull, signal) }),
      async describe({ pull }, { signal }) {
        const authorized = await look(pull, signal);
        const command = ssh.render(endsOfPull(pull).source, findKey(pull));
        return { command, now: inWords(authorized), changes: false, output: { authorized: authorized === true } };
      },
    },

    authorizePull: {
      async do({ pull }, { signal }) {
        const { reader, source, what } = endsOfPull(pull);
        const directory = pullDirectory(reader, pull);
        const made = await ssh.host(reader).run(script(makeKey, directory, pull.name), { signal });
        const [home = '', addresses = '', fingerprint = '', publicKey = ''] = made.stdout.trimEnd().split('\n');
        if (!/^ssh-ed25519 [A-Za-z0-9+/=]+ runbook-pull-/.test(publicKey) || !fingerprint.startsWith('SHA256:'))
          throw refused(pull, `ssh-keygen on ${reader.name} made no key: ${made.stdout.slice(0, 200)}`);

        // The address the worker knows may be a floating one; the host's own are what the other side sees.
        const own = routeTo(reader).host;
        const literal = isIP(own) ? [own] : [];
        const from = [...literal, ...addresses.split(/\s+/).filter(isIP)].join(' ');
        const answering = script(
          authorizeKey,
          pullDirectory(source, pull),
          pull.name,
          isIP(own) ? '' : own,
          from,
          publicKey,
        );
        const allowed = await ssh.host(source).run(answering, { signal, stdin: serveProgram(pull) });

        const route = routeTo(source);
        // A host with several addresses may have to be told to use the one that is allowed.
        for (const bind of [[], literal]) {
          const config = sshConfig(route, home, bind);
          await ssh.host(reader).run(script(configure, directory, config, route.knownHosts), { signal });
          const options = { signal, allowExit: [0, 1], timeoutMs: 25_000 };
          const tried = await ssh.host(reader).run(script(tryPull, directory), options);
          if (tried.exitCode === 0) return { changed: true, fingerprint };
          if (bind.length > 0 || literal.length === 0 || !/denied/i.test(tried.stderr)) {
            const why = tried.stderr.trim().split('\n').at(-1) || 'no answer';
            throw refused(
              pull,
              `${reader.name} cannot list ${what} on ${source.name} (${route.user}@${route.host}:${route.port}, allowed from ${allowed.stdout.trim()}): ${why}`,
            );
          }
        }
        throw refused(pull, 'no configuration was tried');
      },
      async describe({ pull }, { signal }) {
        const authorized = await look(pull, signal);
        const { reader, source } = endsOfPull(pull);
        const make = sh`ssh-keygen -q -t ed25519 -N '' -C ${`runbook-pull-${pull.name}`} -f ${`${pullDirectory(reader, pull)}/key`}`;
        return {
          command:
            `${ssh.render(reader, make)}; then in authorized_keys on ${source.name}: ` +
            `restrict,from="${routeTo(reader).host}",expiry-time="<in a day>",command="sh '${pullDirectory(source, pull)}/serve'" <public key>`,
          now: inWords(authorized),
          changes: true,
          output: { changed: true, fingerprint: '' },
        };
      },
    },

    revokePull: {
      async do({ pull }, { signal }) {
        const { reader, source } = endsOfPull(pull);
        const answers = async (host: HostRef, command: ShellText) =>
          (await ssh.host(host).run(command, { signal })).stdout.trim() === 'yes';
        const directory = pullDirectory(reader, pull);
        const ended = await Promise.allSettled(
          [
            { host: source, command: script(revokeKey, pullDirectory(source, pull), pull.name) },
            { host: reader, command: sh`[ ! -e ${directory} ] || { echo yes; rm -rf ${directory}; }` },
          ].map(({ host, command }) =>
            // The backup host may be off, and what is left on it is worth nothing by then: the key expires.
            host === pull.workplace.host
              ? unlessOff(openstack, host, { signal }, () => answers(host, command), false)
              : answers(host, command),
          ),
        );
        for (const each of ended) if (each.status === 'rejected') throw each.reason;
        return { changed: ended.some((each) => each.status === 'fulfilled' && each.value) };
      },
      async describe({ pull }, { signal }) {
        const { source } = endsOfPull(pull);
        const authorized = await look(pull, signal);
        const name = ` runbook-pull-${pull.name}$`;
        return {
          command: ssh.render(
            source,
            sh`sed -i ${`/${name}/d`} .ssh/authorized_keys; rm -rf ${pullDirectory(source, pull)}`,
          ),
          now: inWords(authorized),
          changes: authorized || null,
          output: { changed: true },
        };
      },
    },
  };
}

/** Where `unpackArchive` leaves what a restore pulls. */
export const restoredIn = (directory: string): string => `${directory}/restored`;

/** The program that answers with the source's directory, its arguments inside: a key's fixed command is one short line. */
function serveProgram({ database, workplace, way, snapshot }: Pull): string {
  const { store, leaveOut } = engineOf(database);
  const words = way === 'back' ? [restoredIn(workplace.directory)] : [snapshot ?? store, besideInStore, ...leaveOut];
  const shared = snapshot === undefined ? '' : 'ctime=0\n';
  return `${shared}${sh`set -- ${words}`.text}\n${serve}`;
}

/** A path of some 90 characters is too long for a socket: each request then makes a connection of its own. */
const sharedConnection = (path: string) => (path.length > 80 ? {} : { ControlPath: `"${path.replaceAll('%', '%%')}"` });

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
    ...sharedConnection(`${home}/connection`),
    ...(bind[0] === undefined ? {} : { BindAddress: bind[0] }),
  };
  const lines = Object.entries(options).map(([name, value]) => `  ${name} ${value}`);
  return `Host database\n${lines.join('\n')}\n`;
}

function refused(pull: Pull, message: string): Error {
  return fail('ResourceFailed', message, {
    target: `host/${endsOfPull(pull).source.name}`,
    operation: 'authorizePull',
  });
}

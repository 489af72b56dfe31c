import { type InputOf, type OutputOf } from '../../workflows/contract/actions';
import { engineOf, storeBytes } from '../database';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { sh, type ShellText } from '../ssh/shell';
import { bytesInWords } from './bytes';
import { type CopyDependencies } from './dependencies';
import { type Route } from './route';

/** Copy, archive (which may not compress at all) and scratch database, each as large as the store. */
const copies = 3;
const marginBytes = 100_000_000;
export const neededBytesFor = (store: number): number => Math.ceil(store * copies * 1.05) + marginBytes;

const tools =
  'tar find xargs awk sed sort comm paste tee dd stat df sync sha256sum flock setsid ssh ssh-keygen timeout';

/**
 * Answers with `missing <tool>` lines, `free <bytes>`, `compression <tool>` and `ssh <what ssh says>`.
 *
 * The connection is made without a key: to be refused means that the right host answers.
 */
const check = `for tool in $1; do command -v "$tool" > /dev/null || echo "missing $tool"; done
if command -v zstd > /dev/null; then echo compression zstd
elif command -v gzip > /dev/null; then echo compression gzip
else echo 'missing zstd or gzip'; fi
place=$2
while [ ! -d "$place" ]; do place=\${place%/*}; place=\${place:-/}; done
echo "free $(df -B1 --output=avail "$place" | tail -n 1 | tr -d ' ')"
known=$(mktemp)
trap 'rm -f "$known"' EXIT
printf '%s' "$3" > "$known"
answer=$(timeout 10 ssh -F /dev/null -n -o BatchMode=yes -o ConnectTimeout=8 -o StrictHostKeyChecking=yes \\
  -o UserKnownHostsFile="$known" -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=none -o IdentitiesOnly=yes \\
  -o IdentityFile=/dev/null -o LogLevel=ERROR -p "$4" -l "$5" "$6" true 2>&1) && echo 'ssh reached' || echo "ssh $(echo "$answer" | tail -n 1)"
`;

function checkCommand({ workplace, database }: InputOf<'checkBackupHost'>, route: Route): ShellText {
  const wanted = [tools, ...engineOf(database).programs].join(' ');
  return sh`sh -c ${check} sh ${[wanted, workplace.directory, route.knownHosts, route.port, route.user, route.host]}`;
}

/** Everything the backup host needs, looked at before production is touched. */
export function checkBackupHostAction({ ssh, routeTo }: CopyDependencies): Pick<Implementations, 'checkBackupHost'> {
  const sizeOf = ({ database }: InputOf<'checkBackupHost'>, signal: AbortSignal) =>
    storeBytes(engineOf(database), ssh.host(database.host), signal);

  return {
    checkBackupHost: {
      async do(input, { signal }) {
        const { workplace, database } = input;
        const route = routeTo(database.host);
        const [size, { stdout }] = await Promise.all([
          sizeOf(input, signal),
          ssh.host(workplace.host).run(checkCommand(input, route), { signal, timeoutMs: 14_000 }),
        ]);
        return judge(stdout, size, input, route);
      },
      async describe(input, { signal }) {
        const size = await sizeOf(input, signal);
        const needed = neededBytesFor(size);
        return {
          command: ssh.render(input.workplace.host, sh`df -B1 --output=avail ${input.workplace.directory}`),
          now: `the store has ${bytesInWords(size)}; ${bytesInWords(needed)} must be free`,
          changes: false,
          output: { storeBytes: size, freeBytes: needed, neededBytes: needed, compression: 'zstd' },
        };
      },
    },
  };
}

function judge(
  stdout: string,
  size: number,
  { workplace, database }: InputOf<'checkBackupHost'>,
  route: Route,
): OutputOf<'checkBackupHost'> {
  const on = workplace.host.name;
  const details = { target: `host/${on}`, operation: 'checkBackupHost' };
  const all = (word: string) => [...stdout.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);

  const missing = all('missing');
  if (missing.length > 0)
    throw fail('PreconditionFailed', `${on} has no ${missing.join(', ')}; install what is missing there`, details);

  const answer = all('ssh')[0] ?? 'no answer';
  const at = `${database.host.name} at ${route.host}:${route.port}`;
  if (/host key verification failed|identification has changed/i.test(answer))
    throw fail('HostKeyMismatch', `what ${on} reaches as ${at} shows another host key than the worker knows`, details);
  if (!/^reached$|permission denied|too many authentication/i.test(answer))
    throw fail('PreconditionFailed', `${on} does not reach ${at}: ${answer}. Is a firewall in between?`, details);

  const freeBytes = Number(all('free')[0] ?? Number.NaN);
  const neededBytes = neededBytesFor(size);
  if (!Number.isSafeInteger(freeBytes))
    throw fail('PreconditionFailed', `${on} does not say how much is free at ${workplace.directory}`, details);
  if (freeBytes < neededBytes)
    throw fail(
      'PreconditionFailed',
      `${bytesInWords(freeBytes)} are free at ${workplace.directory} on ${on}; wanted ${bytesInWords(neededBytes)} for copy, archive and scratch database of a store of ${bytesInWords(size)}. Make room there, or lower backup.keep`,
      details,
    );
  return { storeBytes: size, freeBytes, neededBytes, compression: all('compression')[0] === 'gzip' ? 'gzip' : 'zstd' };
}

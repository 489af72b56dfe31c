import { type InputOf, type OutputOf } from '../../workflows/contract/actions';
import { bytesInWords } from '../copy/bytes';
import { engineOf, findBeside } from '../database';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { sh, type ShellText } from '../ssh/shell';
import { type RestoreDependencies } from './dependencies';

const marginBytes = 100_000_000;
/** The staged data lies beside the present one. */
const neededFor = (bytes: number): number => Math.ceil(bytes * 1.05) + marginBytes;

/** What the programs that stage and swap use. */
const tools =
  'awk base64 chmod chown comm cp cut dd df du find flock id mv readlink sed setsid sha256sum sort stat sync tar tee timeout xargs ssh ssh-keygen';

/** Answers with `missing <tool>` lines, `closed <directory>` if it cannot be written, `free`, `store` (bytes) and `beside`. */
const check = `${findBeside}
for tool in $1; do command -v "$tool" > /dev/null || echo "missing $tool"; done
find_beside "$2"
[ -z "$closed" ] || echo "closed $closed"
echo "free $(df -B1 --output=avail "$place" | tail -n 1 | tr -d ' ')"
[ ! -d "$2" ] || echo "store $(du -sb --exclude=.runbook "$2" 2> /dev/null | cut -f 1)"
echo "beside $beside"
`;

/** Whether a database host can take what is to be restored, looked at before anything is touched. */
export function targetAction({ ssh }: RestoreDependencies): Pick<Implementations, 'checkRestoreTarget'> {
  const command = ({ database }: InputOf<'checkRestoreTarget'>): ShellText => {
    const { programs, store } = engineOf(database);
    return sh`sh -c ${check} sh ${[[tools, ...programs].join(' '), store]}`;
  };

  return {
    checkRestoreTarget: {
      async do(input, { signal }) {
        const engine = engineOf(input.database);
        const host = ssh.host(input.database.host);
        const [seen, version] = await Promise.all([
          host.run(command(input), { signal, timeoutMs: 14_000 }),
          host.run(engine.version(), { signal, allowExit: [0, 127] }),
        ]);
        return judge(seen.stdout, version.stdout, input);
      },
      async describe(input) {
        const needed = neededFor(input.archive.storeBytes ?? 0);
        return {
          command: ssh.render(input.database.host, command(input)),
          now: null,
          changes: false,
          output: {
            beside: `${engineOf(input.database).store}.runbook`,
            freeBytes: needed,
            neededBytes: needed,
            version: 'unknown',
          },
        };
      },
    },
  };
}

function judge(
  stdout: string,
  versionOutput: string,
  { database, archive }: InputOf<'checkRestoreTarget'>,
): OutputOf<'checkRestoreTarget'> {
  const on = database.host.name;
  const engine = engineOf(database);
  const refused = (message: string) =>
    fail('PreconditionFailed', message, { target: `host/${on}`, operation: 'checkRestoreTarget' });
  const all = (word: string) => [...stdout.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);

  const missing = all('missing');
  if (missing.length > 0) throw refused(`${on} has no ${missing.join(', ')}; install what is missing there`);
  const [closed] = all('closed');
  if (closed !== undefined)
    throw refused(`${closed} on ${on} cannot be written, so that data cannot be moved there. Who logs in there?`);

  if (archive.engine !== engine.name)
    throw refused(`the backup is of ${archive.engine}, the database on ${on} is ${engine.name}. Restore another one`);
  const installed = engine.readVersion(versionOutput);
  if (archive.standIn !== undefined && archive.standIn !== installed.standIn)
    throw refused(
      `the backup was written by ${archive.standIn ? 'a stand-in for' : 'a real'} ${engine.name}, ` +
        `on ${on} is ${installed.standIn ? 'a stand-in for it' : 'the real one'}. Restore another one`,
    );
  const why = archive.version === undefined ? null : engine.cannotOpen(archive.version, installed.version);
  if (why !== null)
    throw refused(
      `the backup was written by ${engine.name} ${archive.version}, on ${on} is ${installed.version}: ${why}. ` +
        `Install ${archive.version} there, or restore another one`,
    );

  const [free, beside = ''] = [Number(all('free')[0] ?? Number.NaN), all('beside')[0]];
  if (!Number.isSafeInteger(free) || !beside.startsWith('/'))
    throw refused(`${on} does not say how much is free beside ${engine.store}. See: df there`);
  const bytes = archive.storeBytes ?? Number(all('store')[0] ?? 0);
  const needed = neededFor(bytes);
  if (free < needed)
    throw refused(
      `${bytesInWords(free)} are free beside ${engine.store} on ${on}; wanted ${bytesInWords(needed)} for the restored data, ` +
        `${bytesInWords(bytes)}, beside the present one. Make room there; data kept aside is in ${beside}/aside`,
    );
  return { beside, freeBytes: free, neededBytes: needed, version: installed.version };
}

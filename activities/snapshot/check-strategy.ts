import { type InputOf, type OutputOf } from '../../workflows/contract/actions';
import { bytesInWords } from '../copy/bytes';
import { type CopyDependencies } from '../copy';
import { engineOf, findBeside } from '../database';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { type Host } from '../ssh/hosts';
import { sh, type ShellText } from '../ssh/shell';
import { shareFiles } from './scripts/share-files';

const marginBytes = 100_000_000;
/** The database grows while the snapshot is there. */
const neededFor = (copied: number): number => Math.ceil(copied * 1.05) + marginBytes;

const tools = 'awk chmod cp cut df find flock mktemp paste rm sed setsid sort sync tar tr xargs';

/**
 * Arguments: tools, and where it has to be if not beside the store. Answers with `missing <tool>` lines, `closed
 * <directory>` if it cannot be written, `free` and `copies` (bytes), `beside`, and `unshared <why>` where a small file
 * beside the store cannot be shared.
 */
const check = (functions: string) => `${findBeside}${functions}
export LC_ALL=C
for tool in $1; do command -v "$tool" > /dev/null || echo "missing $tool"; done
find_beside "$store"
if [ -n "$2" ]; then
  beside=$2 place=$2
  while [ ! -d "$place" ]; do place=\${place%/*}; done
  if [ -w "$place" ]; then closed=; else closed=$place; fi
fi
echo "beside $beside"
echo "free $(df -B1 --output=avail "$place" | tail -n 1 | tr -d ' ')"
# A file may vanish while the database serves.
echo "copies $(find_others -type f -printf '%s\\n' 2> /dev/null | awk '{ sum += $1 } END { printf "%.0f", sum }')"
if [ -n "$closed" ]; then echo "closed $closed"; exit; fi
umask 077
mkdir -p "$beside" && probe=$(mktemp -d "$beside/probe.XXXXXX") && cd "$probe" || { echo "closed $beside"; exit; }
trap 'rm -rf "$probe"' EXIT
echo probe > file
mkdir there
why=$($share --parents -t there -- file 2>&1) || echo "unshared $why"
`;

/** Whether a strategy is possible, looked at before anything is touched. */
export function checkStrategyAction({ ssh }: Pick<CopyDependencies, 'ssh'>): Pick<Implementations, 'checkStrategy'> {
  const command = ({ database, strategy }: InputOf<'checkStrategy'>): ShellText => {
    const engine = engineOf(database);
    const directory = strategy === 'native' ? engine.online.directory : undefined;
    return sh`sh -c ${check(shareFiles(engine, strategy).text)} sh ${tools} ${directory ?? ''}`;
  };

  return {
    checkStrategy: {
      async do(input, { signal }) {
        refuseForEngine(input);
        const host = ssh.host(input.database.host);
        if (input.strategy === 'native') await refuseOnline(input, host, signal);
        const { stdout } = await host.run(command(input), { signal, timeoutMs: 14_000 });
        return judge(stdout, input);
      },
      async describe(input) {
        refuseForEngine(input);
        return {
          command: ssh.render(input.database.host, command(input)),
          now: null,
          changes: false,
          output: { beside: `${engineOf(input.database).store}.runbook`, freeBytes: 0, neededBytes: 0 },
        };
      },
    },
  };
}

function refused({ database, strategy }: InputOf<'checkStrategy'>, why: string): Error {
  return fail(
    'PreconditionFailed',
    `a backup by ${strategy} is not possible on ${database.host.name}: ${why}; nothing was touched`,
    { target: `host/${database.host.name}`, operation: 'checkStrategy' },
  );
}

function refuseForEngine(input: InputOf<'checkStrategy'>): void {
  const { name, immutable } = engineOf(input.database);
  if (input.strategy === 'checkpoint' && immutable.length === 0)
    throw refused(input, `${name} changes its files in place, so that none can be shared with it by a hard link`);
}

/** What the engine itself has to say about a backup while it serves. */
async function refuseOnline(input: InputOf<'checkStrategy'>, host: Host, signal: AbortSignal): Promise<void> {
  const engine = engineOf(input.database);
  const { online } = engine;
  const installed = await host.run(engine.version(), { signal });
  const why = online.cannot(engine.readVersion(installed.stdout));
  if (why !== null) throw refused(input, why);
  const obstacles = (await host.run(online.obstacles(), { signal })).stdout.trim();
  if (obstacles) throw refused(input, obstacles.replaceAll('\n', '; '));
}

function judge(stdout: string, input: InputOf<'checkStrategy'>): OutputOf<'checkStrategy'> {
  const all = (word: string) => [...stdout.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);
  const { store } = engineOf(input.database);

  const missing = all('missing');
  if (missing.length > 0) throw refused(input, `there is no ${missing.join(', ')}. Install what is missing there`);
  const [closed] = all('closed');
  if (closed !== undefined) throw refused(input, `${closed} cannot be written. Who logs in there?`);
  const [unshared] = all('unshared');
  if (unshared !== undefined) throw refused(input, `the file system of ${store} cannot share files (${unshared})`);

  const [free, copies] = [all('free'), all('copies')].map(([bytes]) => Number(bytes ?? Number.NaN)) as [number, number];
  const [beside = ''] = all('beside');
  if (!Number.isSafeInteger(free) || !Number.isSafeInteger(copies) || !beside.startsWith('/'))
    throw refused(input, `it does not say how much is free beside ${store}. See: df there`);
  const needed = neededFor(copies);
  if (free < needed)
    throw refused(
      input,
      `${bytesInWords(free)} are free beside ${store}, wanted ${bytesInWords(needed)} for the ${bytesInWords(copies)} that are copied, ` +
        'and for what the database writes meanwhile. Make room there',
    );
  return { beside, freeBytes: free, neededBytes: needed };
}

import { z } from 'zod';
import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { instant } from '../../workflows/contract/fields';
import { type DatabaseRef } from '../../workflows/contract/site';
import { engineOf, findBeside } from '../database';
import { type Implementations } from '../implementation';
import { sh, type ShellText } from '../ssh/shell';
import { type RestoreDependencies } from './dependencies';
import { describeMove, moveStore } from './swap';

/** What a swap leaves beside the data as `facts.json`. */
const asideFacts = z.object({
  site: z.string(),
  run: z.string(),
  restored: z.string(),
  engine: z.string(),
  createdAt: instant,
  keptUntil: instant,
  rows: z.record(z.string(), z.int()).nullish(),
});

/** `beside <directory>`, then a line for each that is kept: bytes, when in seconds, facts in base64 with a `-`, name. */
const list = `${findBeside}
find_beside "$1"
echo "beside $beside"
for state in "$beside"/aside/*/state; do
  [ "$(readlink "$state")" = kept ] || continue
  aside=\${state%/state}
  echo "kept $(cat "$aside/bytes" || echo 0) $(stat -c %Y "$state") $(base64 -w 0 "$aside/facts.json")- \${aside##*/}"
done
`;
const listCommand = (database: DatabaseRef): ShellText => sh`sh -c ${list} sh ${engineOf(database).store}`;

function parse(stdout: string, site: string): { beside: string; aside: BackupRecord[] } {
  const aside = [...stdout.matchAll(/^kept (\d+) (\d+) (\S*)- (.+)$/gm)]
    .map(([, bytes, keptAt, facts = '', name = '']) => recordOf(name, Number(bytes), Number(keptAt), facts, site))
    .filter((record) => record.site === site)
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  return { beside: /^beside (.*)$/m.exec(stdout)?.[1] ?? '', aside };
}

/** Data whose facts cannot be read is listed for whoever asks: it takes room, and somebody should look at it. */
function recordOf(name: string, bytes: number, keptAt: number, encoded: string, asking: string): BackupRecord {
  const facts = factsIn(Buffer.from(encoded, 'base64').toString());
  return {
    kind: 'aside',
    name,
    site: facts?.site ?? asking,
    createdAt: facts?.createdAt ?? new Date(keptAt * 1000).toISOString(),
    bytes,
    sha256: '',
    engine: facts?.engine ?? 'unknown',
    strategy: facts ? `moved aside by a restore of ${facts.restored}` : 'moved aside; its facts are unreadable',
    verified: false,
    verifiedAt: null,
    rows: facts?.rows ?? null,
    marker: null,
    run: facts?.run ?? '',
    ...(facts ? { keptUntil: facts.keptUntil } : {}),
  };
}

function factsIn(text: string) {
  try {
    return asideFacts.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The actions on data that was moved aside and is kept. */
export function asideActions({ ssh }: RestoreDependencies): Pick<Implementations, 'listAside' | 'removeAside'> {
  return {
    listAside: {
      async do({ database, site }, { signal }) {
        const { stdout } = await ssh.host(database.host).run(listCommand(database), { signal });
        return parse(stdout, site);
      },
      async describe({ database, site }, { signal }) {
        const { stdout } = await ssh.host(database.host).run(listCommand(database), { signal });
        const output = parse(stdout, site);
        return {
          command: ssh.render(database.host, listCommand(database)),
          now: `${output.aside.length} kept`,
          changes: false,
          output,
        };
      },
    },

    removeAside: {
      async do(input, context) {
        const { changed } = await moveStore(ssh, input, 'remove', context);
        return { removed: changed };
      },
      describe: async (input) => ({ ...describeMove(ssh, input, 'remove'), output: { removed: true } }),
    },
  };
}

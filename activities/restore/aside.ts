import { z } from 'zod';
import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { instant } from '../../workflows/contract/fields';
import { type DatabaseRef } from '../../workflows/contract/site';
import { engineOf } from '../database';
import { type Implementations } from '../implementation';
import { sh, type ShellText } from '../ssh/shell';
import { type RestoreDependencies } from './dependencies';
import { findBeside } from './scripts/beside';
import { describeMove, moveStore } from './swap';

/** What a swap leaves beside the data as `facts.json`. */
const asideFacts = z.object({
  site: z.string(),
  run: z.string(),
  restored: z.string(),
  engine: z.string(),
  createdAt: instant,
  keptUntil: instant,
});

/** `beside <directory>`, then a line for each that is kept: bytes, facts in base64, name. */
const list = `${findBeside}
find_beside "$1"
echo "beside $beside"
for state in "$beside"/aside/*/state; do
  [ -e "$state" ] && [ "$(cat "$state")" = kept ] || continue
  aside=\${state%/state}
  echo "kept $(cat "$aside/bytes") $(base64 -w 0 "$aside/facts.json") \${aside##*/}"
done
`;
const listCommand = (database: DatabaseRef): ShellText => sh`sh -c ${list} sh ${engineOf(database).store}`;

function parse(stdout: string, site: string): { beside: string; aside: BackupRecord[] } {
  const aside = [...stdout.matchAll(/^kept (\d+) (\S+) (.+)$/gm)]
    .flatMap(([, bytes = '', facts = '', name = '']) => recordOf(name, Number(bytes), facts) ?? [])
    .filter((record) => record.site === site)
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  return { beside: /^beside (.*)$/m.exec(stdout)?.[1] ?? '', aside };
}

function recordOf(name: string, bytes: number, facts: string): BackupRecord | undefined {
  const { site, run, restored, engine, createdAt, keptUntil } = asideFacts.parse(
    JSON.parse(Buffer.from(facts, 'base64').toString()),
  );
  return {
    kind: 'aside',
    name,
    site,
    createdAt,
    bytes,
    sha256: '',
    engine,
    strategy: `moved aside by a restore of ${restored}`,
    verified: false,
    verifiedAt: null,
    rows: null,
    marker: null,
    run,
    keptUntil,
  };
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

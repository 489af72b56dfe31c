import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join, parse } from 'node:path';
import { type LoadedSite } from '../../workflows/contract/companions';
import { fail } from '../failures';
import { nearest } from '../../workflows/contract/nearest';
import { parseSiteFile } from './site-file';
import { fileProblemText } from './yaml-file';

/** Where site files are, and which site is meant when none is named. */
export interface Sites {
  /** Names of the sites that have a file, sorted. */
  names(): readonly string[];
  /** Files of all sites, or those of the named one. */
  files(): readonly string[];
  /**
   * Reads and checks a site's file. Without a name: the default site, else the only one there is.
   * @throws `InvalidInput`, with every problem as `file:line:column: path: what was found and expected`
   */
  load(site: string | null): Promise<LoadedSite>;
}

export interface SitesOptions {
  /** @default `RUNBOOK_SITES`, a list of directories, else `runbooks/sites` in the project */
  readonly env: NodeJS.ProcessEnv;
  /** The project's directory. */
  readonly root: string;
}

/** Site files in the directories that the environment names; the first of two files with one name counts. */
export function sitesFrom({ env, root }: SitesOptions): Sites {
  const directories = env.RUNBOOK_SITES
    ? env.RUNBOOK_SITES.split(delimiter).filter(Boolean)
    : [join(root, 'runbooks', 'sites')];

  const byName = () => {
    const found = new Map<string, string>();
    for (const directory of directories)
      for (const file of existsSync(directory) ? readdirSync(directory).sort() : []) {
        const { name, ext } = parse(file);
        if ((ext === '.yaml' || ext === '.yml') && !found.has(name)) found.set(name, join(directory, file));
      }
    return found;
  };
  const names = () => [...byName().keys()].sort();

  const defaultSite = () => {
    if (env.RUNBOOK_SITE) return env.RUNBOOK_SITE;
    const all = names();
    if (all.length === 1) return all[0]!;
    throw fail(
      'InvalidInput',
      all.length
        ? `no site given, and there are several: ${all.join(', ')}; name one, or set RUNBOOK_SITE`
        : `there is no site file in ${directories.join(', ')}; write one, or set RUNBOOK_SITES`,
    );
  };

  return {
    names,
    files: () => [...byName().values()],
    async load(site) {
      const name = site ?? defaultSite();
      const file = byName().get(name);
      if (!file) throw fail('InvalidInput', unknownSite(name, names(), directories), { target: `site/${name}` });
      const text = await readFile(file);
      const parsed = parseSiteFile(file, text.toString('utf8'));
      if (!parsed.ok)
        throw fail('InvalidInput', parsed.problems.map(fileProblemText).join('\n'), { target: `site/${name}` });
      return { name, document: parsed.value, sha256: createHash('sha256').update(text).digest('hex') };
    },
  };
}

function unknownSite(name: string, all: readonly string[], directories: readonly string[]): string {
  const meant = nearest(name, all);
  const known = all.length ? `expected one of ${all.join(', ')}` : 'there is none';
  return `site: no site ${name} in ${directories.join(', ')}; ${known}${meant ? `; did you mean ${meant}?` : ''}`;
}

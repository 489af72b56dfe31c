import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The environment a command works in, and what is to be said about where it comes from. */
export interface Environment {
  readonly env: NodeJS.ProcessEnv;
  readonly notice: string | null;
}

const ofTheLab = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'OS_CLIENT_CONFIG_FILE',
  'RUNBOOK_KNOWN_HOSTS',
  'RUNBOOK_SSH_KEY',
  'RUNBOOK_SITES',
];

/** The lab's directory: `RUNBOOK_LAB`, else `.lab` in the project. */
export function labDirectory(env: NodeJS.ProcessEnv, root: string): string {
  return env.RUNBOOK_LAB ? resolve(env.RUNBOOK_LAB) : join(root, '.lab');
}

/**
 * Adds what the lab's `env` file says, if there is one.
 *
 * If any of its variables is set by hand, or Temporal is configured in any other way, the file is ignored as a whole:
 * a production address must not meet the lab's sites.
 */
export function withLabEnvironment(env: NodeJS.ProcessEnv, root: string): Environment {
  const file = join(labDirectory(env, root), 'env');
  if (!existsSync(file)) return { env, notice: null };
  const lab = parseEnvFile(readFileSync(file, 'utf8'));
  const explicit = Object.keys(env).filter(
    (name) => env[name] && (name in lab || ofTheLab.includes(name) || name.startsWith('TEMPORAL_')),
  );
  // Where everything is set the file has nothing to add, and there is nothing to be said.
  if (Object.keys(lab).every((name) => env[name])) return { env, notice: null };
  if (explicit.length)
    return {
      env,
      notice: `${file} is ignored: ${explicit.sort().join(', ')} ${explicit.length > 1 ? 'are' : 'is'} set`,
    };
  return { env: { ...env, ...lab }, notice: null };
}

/** The environment without anything that could point a lab command at somebody else's Temporal, cloud or hosts. */
export function withoutOtherSites(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = (name: string) =>
    name.startsWith('TEMPORAL_') || name.startsWith('OS_') || ofTheLab.includes(name) || name === 'RUNBOOK_SITE';
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign(name)));
}

/** Lines `KEY=value`; empty ones and those that begin with `#` say nothing. */
export function parseEnvFile(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => line.trim());
  return Object.fromEntries(
    lines
      .filter((line) => line.includes('=') && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

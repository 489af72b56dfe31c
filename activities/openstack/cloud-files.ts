import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { fail } from '../failures';

/** Where a cloud's configuration may come from; nothing is read from the process itself. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly cwd: string;
  /** @default '/etc/openstack' */
  readonly systemDirectory?: string;
}

export type Settings = Readonly<Record<string, unknown>>;

/** `clouds.yaml` with `secure.yaml` merged over it. */
export interface CloudFile {
  readonly path: string;
  readonly clouds: Settings;
}

/**
 * Reads the first `clouds.yaml` of the official client's search order: `OS_CLIENT_CONFIG_FILE`, the working
 * directory, the user's configuration, the system's. The first found is used alone; `secure.yaml` is looked for in
 * the same places (or at `OS_CLIENT_SECURE_FILE`) and its values win.
 *
 * Stricter than the official client: a file named by the environment must exist.
 * @throws `InvalidInput` naming the file, with line and column where it cannot be parsed.
 */
export async function readCloudFile(surroundings: Surroundings): Promise<CloudFile> {
  const file = await firstOf(surroundings, 'OS_CLIENT_CONFIG_FILE', 'clouds');
  if (!file) {
    const places = directories(surroundings).join(', ');
    throw fail('InvalidInput', `there is no clouds.yaml; looked in ${places} (OS_CLIENT_CONFIG_FILE names another)`);
  }
  const secure = await firstOf(surroundings, 'OS_CLIENT_SECURE_FILE', 'secure');
  return {
    path: file.path,
    clouds: merge(cloudsIn(file), secure ? cloudsIn(secure) : {}),
  };
}

interface TextFile {
  readonly path: string;
  readonly text: string;
}

function directories({ env, home, cwd, systemDirectory = '/etc/openstack' }: Surroundings): string[] {
  const userConfig = env.XDG_CONFIG_HOME ? [join(env.XDG_CONFIG_HOME, 'openstack')] : [];
  return [cwd, ...userConfig, join(home, '.config/openstack'), systemDirectory];
}

async function firstOf(surroundings: Surroundings, variable: string, name: string): Promise<TextFile | undefined> {
  const named = surroundings.env[variable];
  if (named) {
    const text = await readIfThere(named);
    if (text === undefined) throw fail('InvalidInput', `${variable} names ${named}, which does not exist`);
    return { path: named, text };
  }
  for (const directory of directories(surroundings))
    for (const suffix of ['yaml', 'yml']) {
      const path = join(directory, `${name}.${suffix}`);
      const text = await readIfThere(path);
      if (text !== undefined) return { path, text };
    }
  return undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fail('InvalidInput', `cannot read ${path}: ${code ?? String(error)}`, {}, error);
  }
}

function cloudsIn({ path, text }: TextFile): Settings {
  const document: unknown = parse(path, text);
  const clouds = isSettings(document) ? document.clouds : undefined;
  if (!isSettings(clouds)) throw fail('InvalidInput', `${path} has no mapping 'clouds'`);
  return clouds;
}

function parse(path: string, text: string): unknown {
  const lines = new LineCounter();
  // All scalars stay the text they are: a password 0123 is not a number.
  const document = parseDocument(text, { schema: 'failsafe', merge: true, lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    // The parser's own message may quote the line, and the line may hold the password.
    throw fail('InvalidInput', `${path}:${line}:${col}: not valid YAML (${error.code})`);
  }
  try {
    return document.toJS();
  } catch {
    throw fail('InvalidInput', `${path}: not valid YAML (an alias without its anchor)`);
  }
}

function merge(base: Settings, over: Settings): Settings {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isSettings(below) && isSettings(value) ? merge(below, value) : value;
  }
  return merged;
}

export function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

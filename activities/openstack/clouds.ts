import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fail } from '../failures';
import { isSettings, readCloudFile, type Settings, type Surroundings } from './cloud-files';

/** The cloud that the variables `OS_*` describe; every other name is looked up in `clouds.yaml`. */
export const environmentCloud = 'envvars';

type Named = { readonly id: string } | { readonly name: string };

/** How a user proves who they are, as the identity service takes it. */
export type Credentials =
  | { readonly method: 'password'; readonly user: object; readonly project: object | undefined }
  | { readonly method: 'application_credential'; readonly credential: object };

/** One cloud's configuration, complete and checked. Holds secrets: never log it. */
export interface CloudConfig {
  readonly name: string;
  /** The file or environment it came from, for messages. */
  readonly source: string;
  /** The identity service, ending in `/v3`. */
  readonly authUrl: string;
  /** Who logs in, in words: `user runbook`. */
  readonly who: string;
  readonly credentials: Credentials;
  /** The password or secret, to be kept out of messages. */
  readonly secret: string;
  readonly region: string | undefined;
  readonly interface: 'public' | 'internal' | 'admin';
  readonly tls: { readonly verify: boolean; readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/**
 * Reads a cloud's configuration afresh, so that a password put right in the file counts at the next login.
 *
 * A value under `auth` wins over one beside it, an id over a name, `secure.yaml` over `clouds.yaml`; variables `OS_*`
 * count for the cloud `envvars` alone. Vendor profiles and federated logins are not supported.
 * @throws `InvalidInput` naming the file and the key.
 */
export async function readCloud(surroundings: Surroundings, name: string): Promise<CloudConfig> {
  const values = name === environmentCloud ? fromEnvironment(surroundings.env) : await fromFile(surroundings, name);
  const authUrl = identityUrl(values);
  const { who, credentials, secret } = readCredentials(values);
  return {
    name,
    source: values.source,
    authUrl,
    who,
    credentials,
    secret,
    region: values.text('region_name') ?? values.first('regions'),
    interface: readInterface(values),
    tls: await readTls(values, surroundings),
  };
}

/** The settings of one cloud, with the words to name each of them. */
class Values {
  constructor(
    readonly source: string,
    readonly nameOf: (key: string) => string,
    private readonly cloud: Settings,
  ) {}

  /** The first of the keys that is set. */
  text(...keys: string[]): string | undefined {
    const auth = isSettings(this.cloud.auth) ? this.cloud.auth : {};
    return keys.flatMap((key) => [auth[key], this.cloud[key]]).find(isText);
  }

  need(key: string, ...aliases: string[]): string {
    return this.text(key, ...aliases) ?? this.refuse(key, 'is missing');
  }

  first(key: string): string | undefined {
    const list = this.cloud[key];
    const head: unknown = Array.isArray(list) ? list[0] : undefined;
    const text = isSettings(head) ? head.name : head;
    return isText(text) ? text : undefined;
  }

  flag(key: string): boolean | undefined {
    const text = this.text(key)?.toLowerCase();
    if (text === undefined) return undefined;
    if (['true', 'yes', 'on', '1'].includes(text)) return true;
    if (['false', 'no', 'off', '0'].includes(text)) return false;
    return this.refuse(key, `is ${text}; expected true or false`);
  }

  refuse(key: string, why: string): never {
    throw fail('InvalidInput', `${this.nameOf(key)} ${why}, in ${this.source}`);
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && !['', '~', 'null'].includes(value);

async function fromFile(surroundings: Surroundings, name: string): Promise<Values> {
  const { path, clouds } = await readCloudFile(surroundings);
  const cloud = Object.hasOwn(clouds, name) ? clouds[name] : undefined;
  if (!isSettings(cloud))
    throw fail('InvalidInput', `there is no cloud ${name} in ${path}; there are: ${Object.keys(clouds).join(', ')}`);
  const inAuth = /^(auth_url|user|password|project|application_credential|domain)/;
  return new Values(path, (key) => `clouds.${name}.${inAuth.test(key) ? 'auth.' : ''}${key}`, cloud);
}

function fromEnvironment(env: Surroundings['env']): Values {
  const entries = Object.entries(env).filter(([key]) => key.startsWith('OS_'));
  const cloud = Object.fromEntries(entries.map(([key, value]) => [key.slice(3).toLowerCase(), value]));
  return new Values('the environment', (key) => `OS_${key.toUpperCase()}`, cloud);
}

function identityUrl(values: Values): string {
  const version = values.text('identity_api_version');
  if (version !== undefined && !version.startsWith('3'))
    values.refuse('identity_api_version', `is ${version}; expected 3`);
  const text = values.need('auth_url');
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    values.refuse('auth_url', `is ${text}; expected an http(s) URL`);
  return `${text.replace(/\/+$/, '').replace(/\/v[\d.]+$/, '')}/v3`;
}

function readCredentials(values: Values): Pick<CloudConfig, 'who' | 'credentials' | 'secret'> {
  const byCredential = values.text('application_credential_id', 'application_credential_name') !== undefined;
  const type = values.text('auth_type') ?? (byCredential ? 'v3applicationcredential' : 'password');
  switch (type) {
    case 'password':
    case 'v3password': {
      const user = readUser(values);
      const secret = values.need('password');
      const who = `user ${values.text('username', 'user_name') ?? values.text('user_id')}`;
      return {
        who,
        secret,
        credentials: { method: 'password', user: { ...user, password: secret }, project: readProject(values) },
      };
    }
    case 'v3applicationcredential': {
      const id = values.text('application_credential_id');
      const secret = values.need('application_credential_secret');
      const named = id ? { id } : { name: values.need('application_credential_name'), user: readUser(values) };
      const who = `application credential ${id ?? values.text('application_credential_name')}`;
      return { who, secret, credentials: { method: 'application_credential', credential: { ...named, secret } } };
    }
    default:
      return values.refuse('auth_type', `is ${type}; expected password or v3applicationcredential`);
  }
}

function readUser(values: Values): object {
  const id = values.text('user_id');
  return id ? { id } : { name: values.need('username', 'user_name'), domain: readDomain(values, 'user') };
}

/** Without a project the identity service takes the user's default project. */
function readProject(values: Values): object | undefined {
  const id = values.text('project_id', 'tenant_id');
  if (id) return { id };
  const name = values.text('project_name', 'tenant_name');
  return name ? { name, domain: readDomain(values, 'project') } : undefined;
}

function readDomain(values: Values, of: 'user' | 'project'): Named {
  for (const key of [`${of}_domain`, 'domain', 'default_domain']) {
    const id = values.text(`${key}_id`);
    if (id) return { id };
    const name = values.text(`${key}_name`);
    if (name) return { name };
  }
  return { id: values.text('default_domain') ?? 'default' };
}

function readInterface(values: Values): CloudConfig['interface'] {
  const text = values.text('interface', 'endpoint_type') ?? 'public';
  const known = (['public', 'internal', 'admin'] as const).find((kind) => text === kind || text === `${kind}URL`);
  return known ?? values.refuse('interface', `is ${text}; expected public, internal or admin`);
}

async function readTls(values: Values, { home, cwd }: Surroundings): Promise<CloudConfig['tls']> {
  const pem = async (key: string): Promise<string | undefined> => {
    const path = values.text(key);
    if (!path) return undefined;
    try {
      return await readFile(resolve(cwd, path.replace(/^~(?=\/)/, home)), 'utf8');
    } catch (error) {
      return values.refuse(key, `is ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  };
  const [ca, cert, key] = await Promise.all([pem('cacert'), pem('cert'), pem('key')]);
  return { verify: values.flag('insecure') !== true && values.flag('verify') !== false, ca, cert, key };
}

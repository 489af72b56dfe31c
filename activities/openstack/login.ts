import { type Dispatcher } from 'undici';
import { z } from 'zod';
import { fail } from '../failures';
import { catalogSchema, type Endpoints, resolveEndpoints } from './catalog';
import { type Clock } from './clock';
import { type CloudConfig } from './clouds';
import { type Answer, exchange, type Wire } from './exchange';
import { failureTypeFor, refusal, requestIdOf, serviceMessage } from './refusals';

/** A token with what it opens. Holds secrets: never log it. */
export interface Login {
  readonly config: CloudConfig;
  readonly dispatcher: Dispatcher;
  readonly token: string;
  readonly endpoints: Endpoints;
  /** From here on a new token is fetched first; the old one is still good until `expiresAtMs`. */
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

const tokenSchema = z.object({
  token: z.object({
    issued_at: z.string(),
    expires_at: z.string(),
    project: z.object({ name: z.string() }).optional(),
    catalog: catalogSchema.optional(),
  }),
});

/**
 * Asks the identity service for a token with its catalog.
 *
 * @throws `AuthDenied` when the credentials are refused, naming user, cloud and file but never the secret;
 * `InvalidInput` when the address is no identity service or the login has no project; `Unavailable`.
 */
export async function login(
  config: CloudConfig,
  dispatcher: Dispatcher,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Login> {
  const wire = tokenRequest(config);
  const answer = await exchange(wire, { dispatcher, timeoutMs });
  if (answer.status !== 201) throw loginRefusal(config, wire, answer, clock.now());

  const token = answer.header('x-subject-token');
  const parsed = tokenSchema.safeParse(parseJson(answer.text));
  if (!token || !parsed.success)
    throw fail(
      'Unavailable',
      `cloud ${config.name}: ${wire.url} answered 201 without a token; is auth_url in ${config.source} right?`,
    );
  const { project, catalog, issued_at, expires_at } = parsed.data.token;
  // Without a project compute would answer every list with an empty one.
  if (!project || !catalog)
    throw fail(
      'InvalidInput',
      `cloud ${config.name}: the login of ${config.who} has no project; set auth.project_name in ${config.source}`,
    );

  // The lifetime, not the time of expiry: this machine's clock may differ from the cloud's.
  const lifetimeMs = Date.parse(expires_at) - Date.parse(issued_at);
  const expiresAtMs = clock.now() + lifetimeMs;
  const renewAtMs = expiresAtMs - Math.min(60_000, lifetimeMs / 5);
  return { config, dispatcher, token, endpoints: resolveEndpoints(catalog, config), renewAtMs, expiresAtMs };
}

function tokenRequest({ authUrl, credentials }: CloudConfig): Wire {
  const { method } = credentials;
  const identity =
    method === 'password'
      ? { methods: [method], password: { user: credentials.user } }
      : { methods: [method], application_credential: credentials.credential };
  const project = method === 'password' ? credentials.project : undefined;
  return {
    method: 'POST',
    url: `${authUrl}/auth/tokens`,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity, ...(project && { scope: { project } }) } }),
  };
}

function loginRefusal(config: CloudConfig, wire: Wire, answer: Answer, now: number) {
  const { name, who, source, secret, credentials } = config;
  const details = { target: `cloud/${name}`, operation: `POST ${wire.url}`, requestId: requestIdOf(answer) };
  // The identity service may quote a request it cannot read.
  const said = serviceMessage(answer.text.replaceAll(secret, '***'));
  const type = failureTypeFor(answer.status, answer.text, false);
  const isCredentialGone = type === 'NotFound' && /Application Credential/i.test(said);
  if (type === 'AuthDenied' || isCredentialGone) {
    const check = credentials.method === 'password' ? 'password, project and domains' : 'application credential';
    return fail(
      'AuthDenied',
      `cloud ${name} refused ${who} (${said}); check ${check} of clouds.${name} in ${source}`,
      details,
    );
  }
  if (type === 'NotFound')
    return fail(
      'InvalidInput',
      `cloud ${name}: ${wire.url} is no identity service; check auth_url in ${source}`,
      details,
    );
  return refusal(`cloud/${name}`, wire, { ...answer, text: answer.text.replaceAll(secret, '***') }, now);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

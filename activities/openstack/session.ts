import { Agent } from 'undici';
import { fail, failureTypeOf } from '../failures';
import { endpointOf } from './catalog';
import { type Clock } from './clock';
import { type CloudConfig, readCloud } from './clouds';
import { type Surroundings } from './cloud-files';
import { type Answer, exchange, type Wire } from './exchange';
import { type Login, login } from './login';
import { refusal, requestIdOf } from './refusals';
import { type RenderedRequest, type Request } from './request';
import { services } from './services';

export interface SessionOptions extends Surroundings {
  readonly clock: Clock;
  /** For each request, head and body together. */
  readonly timeoutMs: number;
}

export interface SendOptions {
  readonly signal?: AbortSignal;
  /** Shortens the session's own timeout; never lengthens it. */
  readonly timeoutMs?: number;
}

/**
 * A cloud as its services see us: logs in when first used, and holds one token for all callers.
 *
 * 1. At any time at most one login is under way; whoever needs a token waits for that one.
 * 2. A refused token is replaced once: a caller whose token is no longer the current one takes the current one.
 * 3. Credentials are read from their file at every login.
 * 4. A caller that gives up stops waiting; the login it shared goes on for the others.
 */
export class Session {
  #current: Login | undefined;
  #pending: Promise<Login> | undefined;
  readonly #agents = new Map<string, Agent>();

  constructor(
    readonly name: string,
    private readonly options: SessionOptions,
  ) {}

  get clock(): Clock {
    return this.options.clock;
  }

  /**
   * Sends a request and returns what it reads from the answer. Not repeated, except once with a new token.
   *
   * @throws `AuthDenied`, `NotFound`, `Conflict`, `PreconditionFailed` (quota), `RateLimited`, `InvalidInput`,
   * `Unavailable` (also for a lost answer: look before repeating a change); the signal's reason.
   */
  async send<T>(request: Request<T>, options: SendOptions = {}): Promise<T> {
    const first = await this.#login(options.signal);
    let [wire, answer] = await this.#exchange(request, first, options);
    if (answer.status === 401)
      [wire, answer] = await this.#exchange(request, await this.#renew(first, options.signal), options);
    if (!request.expected.includes(answer.status)) throw refusal(request.target, wire, answer, this.clock.now());
    return readAnswer(request, wire, answer);
  }

  /** Shows the request as `send` would send it, without sending it; logs in for the address of the service. */
  async render(request: Request<unknown>, { signal }: SendOptions = {}): Promise<RenderedRequest> {
    const { method, url, body } = wireOf(request, await this.#login(signal));
    return { method, url, body, text: [method, url, body].filter(Boolean).join(' ') };
  }

  /** Logs in afresh, whatever token there is: proves that the credentials in the file are good now. */
  async logIn({ signal }: SendOptions = {}): Promise<void> {
    await this.#renew(this.#current, signal);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
    this.#agents.clear();
  }

  async #login(signal: AbortSignal | undefined): Promise<Login> {
    signal?.throwIfAborted();
    const current = this.#current;
    if (current && this.clock.now() < current.renewAtMs) return current;
    try {
      return await this.#renew(current, signal);
    } catch (error) {
      // The identity service is away, but the token we have is still good.
      if (current && this.clock.now() < current.expiresAtMs && failureTypeOf(error) === 'Unavailable') return current;
      throw error;
    }
  }

  async #renew(refused: Login | undefined, signal: AbortSignal | undefined): Promise<Login> {
    if (this.#current && this.#current !== refused) return this.#current;
    this.#pending ??= this.#logInNow().finally(() => (this.#pending = undefined));
    return unlessAborted(this.#pending, signal);
  }

  async #logInNow(): Promise<Login> {
    const config = await readCloud(this.options, this.name);
    return (this.#current = await login(config, this.#agentFor(config), this.options));
  }

  #agentFor({ tls }: CloudConfig): Agent {
    const key = JSON.stringify(tls);
    const { verify, ...pems } = tls;
    const agent = this.#agents.get(key) ?? new Agent({ connect: { ...pems, rejectUnauthorized: verify } });
    this.#agents.set(key, agent);
    return agent;
  }

  async #exchange<T>(request: Request<T>, login: Login, options: SendOptions): Promise<[Wire, Answer]> {
    const timeoutMs = Math.max(1, Math.min(this.options.timeoutMs, options.timeoutMs ?? Infinity));
    const wire = wireOf(request, login);
    const { dispatcher } = login;
    return [wire, await exchange(wire, { dispatcher, timeoutMs, signal: options.signal })];
  }
}

/** The one place where a request becomes bytes: what is rendered is what is sent. */
function wireOf({ method, service, path, body }: Request<unknown>, { token, endpoints, config }: Login): Wire {
  const { microversion } = services[service];
  return {
    method,
    url: `${endpointOf(endpoints, service, config)}${path}`,
    headers: {
      accept: 'application/json',
      'x-auth-token': token,
      ...(microversion && { 'openstack-api-version': microversion }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

function readAnswer<T>(request: Request<T>, wire: Wire, answer: Answer): T {
  const requestId = requestIdOf(answer);
  try {
    return request.read(answer.text === '' ? undefined : JSON.parse(answer.text), { requestId });
  } catch (error) {
    const operation = `${wire.method} ${wire.url}`;
    const what = `${request.target}: ${operation} was answered ${answer.status} with something we cannot read`;
    throw fail(
      'Unavailable',
      `${what}; is there a proxy in between?`,
      { target: request.target, operation, requestId },
      error,
    );
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let cancel = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    cancel = () => reject(signal.reason as Error);
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

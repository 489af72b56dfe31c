import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock } from '../../../activities/openstack/clock';
import { createOpenStack, type OpenStack } from '../../../activities/openstack';

const directory = join(__dirname, '../../recordings/openstack');
const files = readdirSync(directory).filter((file) => /^\d{3}-.*\.json$/.test(file));

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A recorded answer by the file's number or name: `097` or `server-stop`. */
export function recorded(name: string): ScriptedAnswer {
  const file = files.find((candidate) => candidate.startsWith(`${name}-`) || candidate.slice(4, -5) === name);
  if (!file) throw new Error(`no recording ${name}`);
  return (JSON.parse(readFileSync(join(directory, file), 'utf8')) as { response: ScriptedAnswer }).response;
}

/** Every recorded refusal, with its file's name. */
export function recordedRefusals(): [string, ScriptedAnswer][] {
  return files
    .map((file): [string, ScriptedAnswer] => [file, recorded(file.slice(0, 3))])
    .filter(([, { status }]) => status >= 400);
}

/** An answer, a recording's name, or a function of the request; `hang` never answers. */
export type Step = ScriptedAnswer | string | (() => ScriptedAnswer | string | Promise<ScriptedAnswer | string>);

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export const password = 'oslab-runbook';

/** A cloud that answers from recordings: hands out tokens of its own and follows a script for everything else. */
export class ReplayCloud {
  readonly seen: SeenRequest[] = [];
  readonly tokens = new Set<string>();
  /** How long its tokens are good for; it refuses them only when `expireTokens` says so. */
  tokenSeconds = 3600;
  /** Answers to logins instead of a token, one each. */
  readonly loginSteps: Step[] = [];
  password = password;
  #logins = 0;
  #url = '';
  readonly #arrivals: (() => void)[] = [];
  readonly #script = new Map<string, Step[]>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get url(): string {
    return this.#url;
  }

  get logins(): number {
    return this.#logins;
  }

  /** The steps for `GET /compute/...`, in order; the last one repeats. A query not given matches any. */
  on(route: string, ...steps: Step[]): this {
    this.#script.set(route, steps);
    return this;
  }

  expireTokens(): void {
    this.tokens.clear();
  }

  sent(method: string): SeenRequest[] {
    return this.seen.filter((request) => request.method === method && !request.path.startsWith('/identity'));
  }

  /** Waits for something to have arrived; checked after every request. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#arrivals.push(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { method = '', url: path = '', headers } = request;
    this.seen.push({ method, path, headers, body });
    for (const wake of this.#arrivals.splice(0)) wake();
    const step = path === '/identity/v3/auth/tokens' ? this.#logIn(body) : this.#answer(method, path, headers);
    const answer = typeof step === 'function' ? await step() : step;
    if (answer === 'hang') return;
    this.#send(response, typeof answer === 'string' ? recorded(answer) : answer);
  }

  #logIn(body: string): Step {
    this.#logins += 1;
    const step = this.loginSteps.shift();
    if (step) return step;
    const { auth } = JSON.parse(body) as { auth: { identity: { password?: { user: { password: string } } } } };
    if (auth.identity.password && auth.identity.password.user.password !== this.password) return 'auth-wrong-password';
    const token = `token-${this.#logins}`;
    this.tokens.add(token);
    const { status, body: template } = recorded('auth-password-project');
    const grant = structuredClone(template) as { token: { expires_at: string; issued_at: string } };
    grant.token.expires_at = new Date(Date.parse(grant.token.issued_at) + this.tokenSeconds * 1000).toISOString();
    return { status, headers: { 'X-Subject-Token': token }, body: grant };
  }

  #answer(method: string, path: string, headers: IncomingMessage['headers']): Step {
    if (!this.tokens.has(String(headers['x-auth-token'])))
      return path.startsWith('/compute') ? 'nova-bad-token' : 'neutron-bad-token';
    const steps = this.#script.get(`${method} ${path}`) ?? this.#script.get(`${method} ${path.split('?')[0]}`);
    if (!steps) return { status: 418, body: `nothing scripted for ${method} ${path}` };
    return (steps.length > 1 ? steps.shift() : steps[0]) ?? { status: 418 };
  }

  #send(response: ServerResponse, { status, headers = {}, body }: ScriptedAnswer): void {
    const dropped = ['content-length', 'transfer-encoding', 'connection'];
    const kept = Object.entries(headers).filter(([name]) => !dropped.includes(name.toLowerCase()));
    response.writeHead(status, Object.fromEntries(kept));
    const text = body === null || body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const ports = {
      5000: 'identity',
      8774: 'compute',
      9696: 'network',
      8776: 'volume',
      9292: 'image',
      8778: 'placement',
    };
    response.end(
      text.replace(/http:\/\/127\.0\.0\.1:(\d{4})/g, (_all, port: keyof typeof ports) => `${this.#url}/${ports[port]}`),
    );
  }
}

/** Virtual time: sleeping moves it at once. */
export class TestClock implements Clock {
  readonly slept: number[] = [];
  constructor(private time = Date.parse('2026-11-21T07:00:00Z')) {}
  now(): number {
    return this.time;
  }
  advance(ms: number): void {
    this.time += ms;
  }
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(ms);
    this.time += ms;
  }
}

/** A client in front of a replayed cloud, with a home directory that holds its `clouds.yaml`. */
export class Bench {
  readonly replay = new ReplayCloud();
  readonly clock = new TestClock();
  home = '';
  openstack!: OpenStack;

  async open(options: { readonly timeoutMs?: number } = {}): Promise<this> {
    await this.replay.start();
    this.home = await mkdtemp(join(tmpdir(), 'openstack-'));
    await mkdir(join(this.home, '.config/openstack'), { recursive: true });
    await this.writeClouds();
    const { home, clock } = this;
    this.openstack = createOpenStack({
      env: {},
      home,
      cwd: home,
      systemDirectory: join(home, 'etc'),
      clock,
      ...options,
    });
    return this;
  }

  get lab() {
    return this.openstack.cloud('lab');
  }

  async writeClouds(word = password): Promise<void> {
    await writeFile(
      join(this.home, '.config/openstack/clouds.yaml'),
      `clouds:
  lab:
    auth:
      auth_url: ${this.replay.url}/identity/v3
      username: runbook
      password: ${word}
      project_name: runbook
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
`,
    );
  }

  async close(): Promise<void> {
    await this.openstack.close();
    await this.replay.stop();
    await rm(this.home, { recursive: true });
  }
}

/** What a promise fails with: its type and message, or that it did not fail. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { type?: string; details?: unknown[] }> {
  return promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: Error) => error,
  );
}

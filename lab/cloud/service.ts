import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo } from 'node:net';
import { type ApiFaults } from './faults';
import { outage, Refusal } from './refusal';
import { newRequestId, type ServiceName } from './state';
import { type Token } from './tokens';
import { type Waits } from './waits';

/** One request, as a handler sees it. `token` is null on a route that needs none. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly params: Readonly<Record<string, string>>;
  readonly token: Token | null;
  readonly requestId: string;
}

/** What a handler answers: no body where `body` is missing. */
export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A method, a path with `:parameters`, and who handles it. `open` routes need no token. */
export interface Route {
  method: string;
  path: string;
  handle: (call: Call) => Answer;
  open?: boolean;
}

/** One OpenStack service: what it answers, and in whose words it refuses. */
export interface Service {
  name: ServiceName;
  routes: Route[];
  /** @throws Refusal when the request may not pass. */
  authenticate: (call: Call) => Token;
  envelope: (refusal: Refusal) => unknown;
  /** Headers of every answer. */
  always?: Record<string, string>;
  /** Headers of every answer to an authenticated request. @throws Refusal on a version it does not speak. */
  headers: (call: Call) => Record<string, string>;
  requestIdHeaders: readonly string[];
  notFound: string;
}

/** What all services have in common. */
export interface Surroundings {
  faults: ApiFaults;
  waits: Waits;
  apiMs: number;
}

/** Answers 200 with a body. */
export const ok = (body: unknown): Answer => ({ status: 200, body });

/** A path segment's value, by the name the route gave it. */
export const param = (call: Call, name: string): string => call.params[name] ?? '';

/** Listens at the address and port (0: any free one) and says where that is. */
export async function listen(address: string, port: number): Promise<{ server: Server; url: string }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  return { server, url: `http://${address}:${(server.address() as AddressInfo).port}` };
}

/** Answers what arrives at the server. A request that has arrived is carried out, even if its client has gone meanwhile. */
export function serve(server: Server, service: Service, surroundings: Surroundings): void {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void respond(request, response, service, surroundings);
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  service: Service,
  surroundings: Surroundings,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://cloud');
  const call: Call = {
    method: request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET'),
    path: url.pathname.replace(/(?<=.)\/+$/, ''),
    query: url.searchParams,
    headers: request.headers,
    text: await text(request),
    params: {},
    token: null,
    requestId: newRequestId(),
  };
  const answer = await carryOut(call, service, surroundings);
  for (const name of service.requestIdHeaders) response.setHeader(name, call.requestId);
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  const isText = typeof answer.body === 'string';
  if (answer.body !== undefined && !response.hasHeader('Content-Type')) {
    response.setHeader('Content-Type', isText ? 'text/plain; charset=UTF-8' : 'application/json');
  }
  response.statusCode = answer.status;
  response.end(isText ? answer.body : JSON.stringify(answer.body));
}

/** Who may pass is decided when the request arrives, what it does when the service gets round to it. */
async function carryOut(call: Call, service: Service, { faults, waits, apiMs }: Surroundings): Promise<Answer> {
  const { status: outageStatus, delayMs = 0 } = faults.of(service.name);
  let headers = service.always ?? {};
  try {
    const admitted = outageStatus === undefined ? admission(call, service) : () => refuse(outage(outageStatus));
    await waits.for(apiMs + delayMs);
    const { route, call: routed } = admitted();
    headers = { ...headers, ...service.headers(routed) };
    const answer = route.handle(routed);
    return { ...answer, headers: { ...headers, ...answer.headers } };
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, `Unexpected API Error. ${String(error)}`);
    const { status, body } = refusal;
    return { status, body: body ?? service.envelope(refusal), headers: { ...headers, ...refusal.headers } };
  }
}

/** The route and token of a request, or its refusal, to be heard later. */
function admission(call: Call, service: Service): () => { route: Route; call: Call } {
  try {
    const matching = service.routes.flatMap((route) => {
      const params = match(route.path, call.path);
      return params ? [{ route, params }] : [];
    });
    const found = matching.find(({ route }) => route.method === call.method);
    const token = found?.route.open ? null : service.authenticate(call);
    if (!found) {
      throw matching.length === 0
        ? new Refusal(404, service.notFound, { type: 'HTTPNotFound' })
        : new Refusal(405, `The method ${call.method} is not allowed for this resource.`, {
            type: 'HTTPMethodNotAllowed',
          });
    }
    return () => ({ route: found.route, call: { ...call, params: found.params, token } });
  } catch (error) {
    return () => refuse(error);
  }
}

function refuse(error: unknown): never {
  throw error;
}

/** The parameters of a path, or undefined if it does not fit the pattern. */
function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? '';
    if (segment.startsWith(':')) params[segment.slice(1)] = decodeURIComponent(value);
    else if (segment !== value) return undefined;
  }
  return params;
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The client went away in the middle of its own request: what has come is not JSON and is refused.
  }
  return Buffer.concat(chunks).toString();
}

/** The request's JSON object. @throws Refusal 400, in the service's words. */
export function jsonBody(call: Call, otherwise: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(call.text);
    if (isObject(body)) return body;
  } catch {
    // Refused below.
  }
  throw new Refusal(400, otherwise);
}

/** Whether the value is a JSON object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value as an object: empty if it is something else. */
export const asObject = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});

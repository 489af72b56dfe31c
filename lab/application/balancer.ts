import {
  Agent,
  createServer,
  get,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import { sendPage, TITLES } from './pages';
import { readArguments, required, serveOn } from './program';

const CHECK_EVERY_MS = 500;
const ANSWER_WITHIN_MS = 10_000;

/** A web server behind the balancer. */
class Upstream {
  healthy = true;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(readonly address: string) {}

  /** Asks the server how it is, now and again. */
  watch(): void {
    const settle = (healthy: boolean) => {
      this.healthy = healthy;
      setTimeout(() => this.watch(), CHECK_EVERY_MS);
    };
    const check = get(`http://${this.address}/health`, { agent: false, timeout: 2_000 }, (answer) => {
      answer.resume();
      settle(answer.statusCode === 200);
    });
    check.on('timeout', () => check.destroy(new Error('timeout')));
    check.on('error', () => settle(false));
  }

  /** Passes a request on and returns the answer. A request with a body goes over a connection of its own, once. */
  async forward(request: IncomingMessage, idempotent: boolean): Promise<IncomingMessage> {
    const { method, url: path } = request;
    const headers = endToEnd(request.headers);
    const [host, port] = this.address.split(':');
    const agent = idempotent ? this.#agent : false;
    return new Promise((resolve, reject) => {
      const passed = sendRequest({ host, port, method, path, headers, agent });
      passed.setTimeout(ANSWER_WITHIN_MS, () => passed.destroy(new Error('timeout')));
      passed.on('response', resolve).on('error', reject);
      if (idempotent) passed.end();
      else pipeline(request, passed).catch(reject);
    });
  }
}

/**
 * A load balancer: round robin over the web servers that are healthy, over all of them if none is.
 *
 * A GET or HEAD that fails is tried once more; anything else is sent at most once, and its failure is a 502.
 */
function createBalancer(addresses: readonly string[]) {
  const upstreams = addresses.map((address) => new Upstream(address));
  for (const upstream of upstreams) upstream.watch();
  let turn = 0;

  function next(except?: Upstream): Upstream {
    const others = upstreams.filter((upstream) => upstream !== except);
    const healthy = others.filter(({ healthy }) => healthy);
    const candidates = [healthy, others, upstreams].find(({ length }) => length > 0) ?? [];
    const chosen = candidates[turn++ % candidates.length];
    if (!chosen) throw new Error('no web server');
    return chosen;
  }

  async function balance(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const idempotent = request.method === 'GET' || request.method === 'HEAD';
    const first = next();
    const answer = await first.forward(request, idempotent).catch((error: unknown) => {
      if (!idempotent) throw error;
      first.healthy = false;
      return next(first).forward(request, idempotent);
    });
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    // Either side gone before the end: the other is destroyed, so that nobody takes a part for the whole.
    await pipeline(answer, response).catch(() => undefined);
  }

  return createServer((request, response) => {
    balance(request, response).catch(() => sendPage(response, 502, TITLES.error, '<p>no web server answers</p>\n'));
  });
}

/** The headers without those that are about one connection only. */
function endToEnd({ connection: _connection, 'keep-alive': _keepAlive, ...headers }: IncomingHttpHeaders) {
  return headers;
}

if (require.main === module) {
  const { listen, upstream } = readArguments('listen', 'upstream');
  void serveOn(createBalancer(upstream), required('listen', listen));
}
